//! The words of an answer: Indonesian, and English on request.

use std::borrow::Cow;

use http::HeaderMap;
use http::header::ACCEPT_LANGUAGE;

use super::{DocumentFault, Problem};

/// The language of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// On request.
    English,
    /// Always otherwise.
    #[default]
    Indonesian,
}

impl Language {
    /// The caller's choice: English when it stands before Indonesian in Accept-Language by quality.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let ranges = headers
            .get_all(ACCEPT_LANGUAGE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .take(32)
            .filter_map(range);
        // `max_by` keeps the last of equals, so later ranges must be strictly better: iterate reversed.
        let ranges: Vec<_> = ranges.collect();
        ranges
            .iter()
            .rev()
            .max_by_key(|(_, quality)| *quality)
            .map_or(Self::Indonesian, |(language, _)| *language)
    }

    /// The text of this language.
    #[must_use]
    pub fn of_two(self, indonesian: &'static str, english: &'static str) -> &'static str {
        match self {
            Self::English => english,
            Self::Indonesian => indonesian,
        }
    }
}

/// One language range of RFC 9110, section 12.5.4, with its quality in thousandths.
fn range(text: &str) -> Option<(Language, u16)> {
    let (tag, parameter) = text.split_once(';').unwrap_or((text, "q=1"));
    let primary = tag.trim().split('-').next()?;
    let language = if primary.eq_ignore_ascii_case("en") {
        Language::English
    } else if primary.eq_ignore_ascii_case("id") || primary == "*" {
        Language::Indonesian
    } else {
        return None;
    };
    let quality: f32 = parameter.trim().strip_prefix("q=")?.trim().parse().ok()?;
    let thousandths = (1..=1000u16)
        .rev()
        .find(|q| f32::from(*q) <= quality * 1000.0 + 0.5)?;
    Some((language, thousandths))
}

impl Problem {
    /// What the caller reads.
    #[must_use]
    pub fn text(&self, language: Language) -> Cow<'static, str> {
        let fixed = |indonesian, english| Cow::Borrowed(language.of_two(indonesian, english));
        match self {
            Self::BadField { field } => match language {
                Language::English => format!("Field {field} has an unusable value").into(),
                Language::Indonesian => format!("Format {field} tidak sesuai").into(),
            },
            Self::BadRequest => fixed(
                "Format permintaan tidak sesuai",
                "The request cannot be read",
            ),
            Self::Broken => fixed("Permintaan terputus", "The request broke off"),
            Self::CertificateNotUsable { state } => match language {
                Language::English => {
                    format!("The certificate cannot be used, its state is {state}").into()
                }
                Language::Indonesian => {
                    format!("Sertifikat tidak dapat digunakan, status {state}").into()
                }
            },
            Self::Document { why } => Cow::Borrowed(why.text(language)),
            Self::File { index, problem } => {
                format!("file[{index}]: {}", problem.text(language)).into()
            }
            Self::FileGone => fixed(
                "File tidak tersedia, pastikan bahwa dokumen belum di download",
                "The file is not available; a document can be downloaded once",
            ),
            Self::Image => fixed(
                "Gambar tidak dapat digunakan, harus PNG atau JPEG",
                "The image cannot be used; PNG or JPEG is wanted",
            ),
            Self::Internal(_) | Self::Panicked => {
                fixed("Terjadi kesalahan pada server", "The server failed")
            }
            Self::Level => fixed(
                "Level tanda tangan belum didukung, gunakan B-B",
                "The signature level is not available yet; use B-B",
            ),
            Self::Locked { .. } => fixed(
                "Terlalu banyak percobaan dengan passphrase salah, coba lagi nanti",
                "Too many wrong passphrases; try again later",
            ),
            Self::MarkerNotFound { unreadable: false } => fixed(
                "Tag koordinat tidak ditemukan",
                "The marker was not found in the document's text",
            ),
            Self::MarkerNotFound { unreadable: true } => fixed(
                "Tag koordinat tidak ditemukan, sebagian teks dokumen tidak memiliki Unicode sehingga tidak dapat dibaca; gunakan koordinat",
                "The marker was not found, and some fonts of the document have no Unicode, so that their text cannot be read; use coordinates",
            ),
            Self::MethodNotAllowed => {
                fixed("Metode tidak didukung", "The method is not supported here")
            }
            Self::Missing { field } => match language {
                Language::English => format!("Field {field} is required").into(),
                Language::Indonesian => format!("{field} wajib diisi").into(),
            },
            Self::NotFound => fixed("Alamat tidak ditemukan", "Not found"),
            Self::NotRegistered => fixed("User tidak terdaftar", "The user is not registered"),
            Self::OutsidePage => fixed(
                "Posisi tanda tangan berada di luar halaman",
                "The signature's box or page is outside the document",
            ),
            Self::Overloaded => fixed(
                "Layanan sedang sibuk, coba lagi nanti",
                "The service is busy; try again later",
            ),
            Self::Slow => fixed("Permintaan terlalu lambat", "The request came too slowly"),
            Self::StoreUnavailable(_) => fixed(
                "Layanan sedang tidak tersedia, coba lagi nanti",
                "The service is not available; try again later",
            ),
            Self::TokenUnavailable(_) => fixed(
                "Perangkat kunci sedang tidak tersedia, coba lagi nanti",
                "The key device is not available; try again later",
            ),
            Self::TooLarge => fixed(
                "Ukuran permintaan atau file terlalu besar",
                "The request or a file is too large",
            ),
            Self::Unauthorised => Cow::Borrowed("Unauthorized"),
            Self::WrongCode => fixed(
                "TOTP salah, sudah digunakan, atau kedaluwarsa",
                "The one-time code is wrong, used or expired",
            ),
            Self::WrongPassphrase => fixed("Passphrase anda salah", "The passphrase is wrong"),
        }
    }
}

impl DocumentFault {
    fn text(self, language: Language) -> &'static str {
        match self {
            Self::Certified => language.of_two(
                "Dokumen tidak dapat ditandatangani, sertifikasi atau tanda tangan yang ada tidak mengizinkan perubahan ini",
                "The document cannot be signed: its certification or an earlier signature does not allow this change",
            ),
            Self::Damaged => {
                language.of_two("Dokumen tidak dapat ditandatangani, dokumen rusak", "The document cannot be signed: it is damaged")
            }
            Self::Field => language.of_two(
                "Dokumen tidak dapat ditandatangani, kolom tanda tangan tidak dapat digunakan",
                "The document cannot be signed: the signature field cannot be used",
            ),
            Self::NotPdf => language.of_two("File bukan dokumen PDF", "The file is not a PDF"),
            Self::Password => language.of_two(
                "Dokumen tidak dapat ditandatangani, dokumen terenkripsi dan password tidak ada atau salah",
                "The document cannot be signed: it is encrypted and the password is missing or wrong",
            ),
            Self::Permission => language.of_two(
                "Dokumen tidak dapat ditandatangani, izin dokumen terenkripsi tidak memperbolehkan",
                "The document cannot be signed: the permissions of the encrypted document do not allow it",
            ),
            Self::RepairOff => language.of_two(
                "Dokumen tidak dapat ditandatangani, dokumen rusak dan perbaikan dokumen dinonaktifkan",
                "The document cannot be signed: it is damaged and repairs are switched off",
            ),
            Self::TooComplex => language.of_two(
                "Dokumen tidak dapat ditandatangani, struktur dokumen melebihi batas",
                "The document cannot be signed: its structure exceeds the limits",
            ),
            Self::TextTooComplex => language.of_two(
                "Tag koordinat tidak dapat dicari, teks dokumen melebihi batas; gunakan koordinat",
                "The marker cannot be searched for: the document's text exceeds the limits; use coordinates",
            ),
            Self::TextTooLong => language.of_two(
                "Tag koordinat tidak ditemukan dalam batas waktu; gunakan koordinat atau sebutkan halaman",
                "The marker was not found within the time of a request; use coordinates or name the page",
            ),
            Self::Unsupported => language.of_two(
                "Dokumen tidak dapat ditandatangani, fitur dokumen belum didukung",
                "The document cannot be signed: it uses something that is not supported",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of(value: &'static str) -> Language {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static(value));
        Language::of(&headers)
    }

    #[test]
    fn english_only_when_asked_for_first() {
        assert_eq!(Language::of(&HeaderMap::new()), Language::Indonesian);
        assert_eq!(of("en"), Language::English);
        assert_eq!(of("en-US,en;q=0.9,id;q=0.8"), Language::English);
        assert_eq!(of("id-ID,id;q=0.9,en;q=0.8"), Language::Indonesian);
        assert_eq!(of("id;q=0.5, en;q=0.8"), Language::English);
        assert_eq!(of("fr, en;q=0"), Language::Indonesian);
        assert_eq!(of("*"), Language::Indonesian);
        assert_eq!(of(";;;q=,"), Language::Indonesian);
    }
}
