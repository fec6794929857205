import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.util.TreeSet;
import org.apache.pdfbox.preflight.PreflightDocument;
import org.apache.pdfbox.preflight.ValidationResult;
import org.apache.pdfbox.preflight.exception.SyntaxValidationException;
import org.apache.pdfbox.preflight.parser.PreflightParser;

/** Reads names of files, a line each, and answers each by a line: "valid", or what PDFBox holds against it as PDF/A-1b. */
public final class Preflight {
    public static void main(String[] arguments) throws Exception {
        BufferedReader names = new BufferedReader(new InputStreamReader(System.in));
        for (String name = names.readLine(); name != null; name = names.readLine()) {
            System.out.println(judge(new File(name)).replaceAll("\\s+", " "));
            System.out.flush();
        }
    }

    private static String judge(File file) {
        ValidationResult result;
        try {
            PreflightParser parser = new PreflightParser(file);
            try {
                parser.parse();
                try (PreflightDocument document = parser.getPreflightDocument()) {
                    document.validate();
                    result = document.getResult();
                }
            } catch (SyntaxValidationException error) {
                result = error.getResult();
            }
        } catch (Exception error) {
            return "unreadable: " + error;
        }
        if (result.isValid()) {
            return "valid";
        }
        TreeSet<String> errors = new TreeSet<>();
        for (ValidationResult.ValidationError error : result.getErrorsList()) {
            errors.add(error.getErrorCode() + " " + error.getDetails());
        }
        return String.join("; ", errors);
    }
}
