"""Judges PDFs for the tests: one JSON request a line on standard input, one JSON answer a line on standard output.

Request: path, trust (PEM file of anchors), password or null. Answer: signatures, or error when the file cannot be read.
Files are read as tolerantly as pyHanko can (strict=False), changes are judged by its default policy, nothing is fetched.
"""

import json
import logging
import sys

from pyhanko.keys import load_certs_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation import (
    EmbeddedPdfSignature,
    validate_pdf_signature,
    validate_pdf_timestamp,
)
from pyhanko_certvalidator import ValidationContext


def judge_signature(reader, name, field, context):
    verdict = {"field": name}
    try:
        embedded = EmbeddedPdfSignature(reader, field.get_object(), name)
        verdict["sub_filter"] = str(embedded.sig_object.get("/SubFilter"))
        if embedded.sig_object_type == "/DocTimeStamp":
            status = validate_pdf_timestamp(embedded, context)
        else:
            status = validate_pdf_signature(embedded, context, context)
        verdict.update(
            bottom_line=getattr(status, "bottom_line", status.intact and status.valid and status.trusted),
            intact=status.intact,
            valid=status.valid,
            trusted=status.trusted,
            changes_allowed=status.docmdp_ok or status.modification_level is None,
            coverage=status.coverage.name,
            signer=status.signing_cert.subject.native.get("common_name"),
        )
    except Exception as error:  # whatever a hostile file provokes is a verdict too
        verdict["error"] = f"{type(error).__name__}: {error}"
    return verdict


def judge(request):
    anchors = list(load_certs_from_pemder([request["trust"]]))
    context = ValidationContext(trust_roots=anchors, allow_fetching=False)
    with open(request["path"], "rb") as file:
        reader = PdfFileReader(file, strict=False)
        if reader.encrypted:
            result = reader.decrypt(request["password"] or "")
            if result.status.name == "FAILED":
                return {"error": "the password does not open it"}
        fields = enumerate_sig_fields(reader, filled_status=True)
        return {"signatures": [judge_signature(reader, name, field, context) for name, _, field in fields]}


def main():
    logging.disable(logging.CRITICAL)
    for line in sys.stdin:
        try:
            answer = judge(json.loads(line))
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


main()
