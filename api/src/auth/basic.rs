//! HTTP Basic (RFC 7617): the Basic value of all that the Authorization fields hold.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use secrecy::SecretString;
use zeroize::Zeroize;

/// Longest encoded credential that is read.
const LONGEST: usize = 1024;

/// An application's identifier and secret as presented.
#[derive(Debug)]
pub struct Credential {
    /// The application's identifier.
    pub client_id: String,
    /// Its secret.
    pub secret: SecretString,
}

/// The first Basic credential. Callers are known to send a Bearer value beside it, in a field of its own or joined
/// by a comma; that one says nothing here.
#[must_use]
pub fn credential(headers: &HeaderMap) -> Option<Credential> {
    headers
        .get_all(AUTHORIZATION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|value| value.trim().split_once(' '))
        .find(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
        .and_then(|(_, encoded)| decode(encoded.trim()))
}

fn decode(encoded: &str) -> Option<Credential> {
    if encoded.len() > LONGEST {
        return None;
    }
    let bytes = base64_simd::forgiving_decode_to_vec(encoded.as_bytes()).ok()?;
    let mut text = String::from_utf8(bytes).ok()?;
    let parts = text.split_once(':').map(|(client_id, secret)| Credential {
        client_id: client_id.to_owned(),
        secret: SecretString::from(secret),
    });
    text.zeroize();
    parts
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use secrecy::ExposeSecret;

    use super::*;

    fn read(values: &[&'static str]) -> Option<(String, String)> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_static(value));
        }
        credential(&headers).map(|c| (c.client_id, c.secret.expose_secret().to_owned()))
    }

    #[test]
    fn basic_wins_over_whatever_stands_beside_it() {
        let wanted = Some(("app".to_owned(), "a:b".to_owned()));
        assert_eq!(read(&["Basic YXBwOmE6Yg=="]), wanted);
        assert_eq!(read(&["basic  YXBwOmE6Yg"]), wanted);
        assert_eq!(read(&["Bearer abc", "Basic YXBwOmE6Yg=="]), wanted);
        assert_eq!(read(&["Basic YXBwOmE6Yg==", "Bearer abc"]), wanted);
        assert_eq!(read(&["Bearer abc, Basic YXBwOmE6Yg=="]), wanted);
    }

    #[test]
    fn what_is_no_credential_is_none() {
        assert_eq!(read(&[]), None);
        assert_eq!(read(&["Bearer abc"]), None);
        assert_eq!(read(&["Basic !!!"]), None);
        assert_eq!(read(&["Basic bm9jb2xvbg=="]), None);
    }
}
