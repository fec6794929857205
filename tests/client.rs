//! A caller as the contract describes it: Basic credentials, multipart or JSON, and nothing known of the daemon's inside.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use reqwest::{
    Certificate, Method, RequestBuilder,
    header::HeaderMap,
    multipart::{Form, Part},
};
use serde_json::{Value, json};

use crate::daemon::Demo;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Panics
    /// When it is not.
    #[must_use]
    pub fn json(&self) -> Value {
        assert!(
            self.content_type().starts_with("application/json"),
            "{}: {}",
            self.content_type(),
            self.text()
        );
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.body.get(..400).unwrap_or(&self.body)).into_owned()
    }

    /// The media type, empty when there is none.
    #[must_use]
    pub fn content_type(&self) -> &str {
        self.header("content-type").unwrap_or_default()
    }

    /// A header field's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The signed PDF of a version 1 answer.
    ///
    /// # Panics
    /// When the answer is something else.
    #[must_use]
    pub fn pdf(self) -> Vec<u8> {
        assert_eq!(self.status, 200, "{}", self.text());
        assert_eq!(self.content_type(), "application/pdf");
        self.body
    }

    /// The signed PDFs of a version 2 answer.
    ///
    /// # Panics
    /// When the answer is something else.
    #[must_use]
    pub fn files(&self) -> Vec<Vec<u8>> {
        assert_eq!(self.status, 200, "{}", self.text());
        let json = self.json();
        assert!(json["time"].is_i64() && json.get("error").is_none());
        let files = json["file"].as_array().expect("file is an array");
        files
            .iter()
            .map(|file| decode(file.as_str().expect("files are text")))
            .collect()
    }

    /// Checks a refusal: the HTTP status and the contract's code, whose JSON type differs nowhere but in status checks.
    ///
    /// # Panics
    /// When it is not that refusal.
    pub fn refused(&self, status: u16, code: u16) {
        let json = self.json();
        assert_eq!(
            (self.status, &json["status_code"]),
            (status, &json!(code)),
            "{json}"
        );
        assert!(
            json["error"].as_str().is_some_and(|text| !text.is_empty()),
            "{json}"
        );
    }
}

/// The demo's application.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    /// Where requests go, without a slash at the end.
    pub base: String,
    user: String,
    secret: String,
}

impl Client {
    /// Over TLS.
    ///
    /// # Panics
    /// When the demo's CA file is of no use.
    #[must_use]
    pub fn new(demo: &Demo) -> Self {
        Self::at(demo, demo.get("SEGELD_URL"))
    }

    /// Over the plain listener.
    ///
    /// # Panics
    /// As [`Client::new`].
    #[must_use]
    pub fn plain(demo: &Demo) -> Self {
        Self::at(demo, demo.get("SEGELD_PLAIN_URL"))
    }

    fn at(demo: &Demo, base: &str) -> Self {
        let pem = std::fs::read(demo.get("SEGELD_CA_FILE")).expect("the CA file can be read");
        let anchors = Certificate::from_pem_bundle(&pem).expect("the CA file is PEM");
        let http = reqwest::Client::builder()
            .tls_certs_only(anchors)
            .no_proxy()
            .timeout(Duration::from_secs(120))
            .build();
        Self {
            http: http.expect("a client"),
            base: base.to_owned(),
            user: demo.get("SEGELD_CLIENT_ID").to_owned(),
            secret: demo.get("SEGELD_CLIENT_SECRET").to_owned(),
        }
    }

    /// The same with another secret.
    #[must_use]
    pub fn with_secret(mut self, secret: &str) -> Self {
        secret.clone_into(&mut self.secret);
        self
    }

    /// A request with the application's credentials; `path` begins with a slash.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.base))
            .basic_auth(&self.user, Some(&self.secret))
    }

    /// The same without credentials.
    pub fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// `GET path`.
    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    /// `POST path` with JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, path).json(body)).await
    }

    /// `POST /api/sign/pdf`.
    pub async fn sign_v1(&self, form: Form) -> Answer {
        send(self.request(Method::POST, "/api/sign/pdf").multipart(form)).await
    }

    /// `POST /api/v2/sign/pdf`.
    pub async fn sign_v2(&self, body: &Value) -> Answer {
        self.post("/api/v2/sign/pdf", body).await
    }

    /// The value of `Authorization`.
    #[must_use]
    pub fn basic(&self) -> String {
        format!(
            "Basic {}",
            encode(format!("{}:{}", self.user, self.secret).as_bytes())
        )
    }
}

/// Sends a request and reads the whole answer.
///
/// # Panics
/// When there is no answer.
pub async fn send(request: RequestBuilder) -> Answer {
    let response = request
        .send()
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = response
        .bytes()
        .await
        .unwrap_or_else(|error| panic!("{error:?}"))
        .to_vec();
    Answer {
        status,
        headers,
        body,
    }
}

/// Writes bytes as they are to the plain listener and reads until it closes; for what no client library would send.
///
/// # Panics
/// When the connection fails.
#[must_use]
pub fn raw(base: &str, request: &[u8]) -> String {
    let mut stream =
        TcpStream::connect(base.trim_start_matches("http://")).expect("the plain listener accepts");
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .expect("a timeout can be set");
    stream.write_all(request).expect("the request is taken");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("the answer ends");
    String::from_utf8_lossy(&answer).into_owned()
}

/// The form of an invisible signature by the person with these credentials.
#[must_use]
pub fn invisible(pdf: &[u8], nik: &str, passphrase: &str) -> Form {
    file(pdf)
        .text("nik", nik.to_owned())
        .text("passphrase", passphrase.to_owned())
        .text("tampilan", "invisible")
}

/// A form with the document alone.
#[must_use]
pub fn file(pdf: &[u8]) -> Form {
    Form::new().part("file", pdf_part(pdf))
}

/// A document's part.
///
/// # Panics
/// Never: the media type is well formed.
#[must_use]
pub fn pdf_part(pdf: &[u8]) -> Part {
    Part::bytes(pdf.to_vec())
        .file_name("surat.pdf")
        .mime_str("application/pdf")
        .expect("a media type")
}

/// A picture's part.
///
/// # Panics
/// Never: the media type is well formed.
#[must_use]
pub fn png_part(png: &[u8]) -> Part {
    Part::bytes(png.to_vec())
        .file_name("ttd.png")
        .mime_str("image/png")
        .expect("a media type")
}

/// Standard base64.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(bytes)
}

/// Standard base64.
///
/// # Panics
/// When it is not.
#[must_use]
pub fn decode(text: &str) -> Vec<u8> {
    base64_simd::STANDARD.decode_to_vec(text).expect("base64")
}
