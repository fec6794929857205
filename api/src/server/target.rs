//! Paths as callers build them: a base URL with a trailing slash, or one that includes `/api` already.

use http::Uri;
use http::uri::PathAndQuery;

/// Collapses repeated slashes, a doubled `/api` and a slash at the end.
pub(super) fn normalise(uri: &mut Uri) {
    let Some(path) = collapsed(uri.path()) else {
        return;
    };
    let target = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    let mut parts = uri.clone().into_parts();
    // A path that was valid stays valid with slashes removed; should it not, the old one is answered 404.
    if let Ok(path_and_query) = PathAndQuery::try_from(target) {
        parts.path_and_query = Some(path_and_query);
        if let Ok(normal) = Uri::from_parts(parts) {
            *uri = normal;
        }
    }
}

/// The path as it was meant, if it was written otherwise.
fn collapsed(path: &str) -> Option<String> {
    let mut normal = path.to_owned();
    if path.contains("//") {
        normal = String::with_capacity(path.len());
        for character in path.chars() {
            if character != '/' || !normal.ends_with('/') {
                normal.push(character);
            }
        }
    }
    while normal.starts_with("/api/api/") {
        normal.drain(.."/api".len());
    }
    if normal.len() > 1 && normal.ends_with('/') {
        normal.pop();
    }
    (normal != path).then_some(normal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls_with_slash_or_with_api() {
        for (sent, meant) in [
            ("/api/sign/pdf?nik=1", "/api/sign/pdf?nik=1"),
            ("//api/sign/pdf?a=//", "/api/sign/pdf?a=//"),
            ("/api//api/sign/pdf", "/api/sign/pdf"),
            ("/api///user//status/1/", "/api/user/status/1"),
            ("/", "/"),
            ("//", "/"),
            (
                "https://host//api/v2/sign/pdf",
                "https://host/api/v2/sign/pdf",
            ),
        ] {
            let mut uri: Uri = sent.parse().unwrap();
            normalise(&mut uri);
            assert_eq!(uri.to_string(), meant, "{sent}");
        }
    }
}
