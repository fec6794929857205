//! What a status query says of each state (contract, GET /api/user/status and POST /api/v2/user/check/status).

use registry::State;

/// Code and message; version 1 replaces the code of [`State::NotRegistered`].
pub(super) fn words(state: State) -> (u16, String) {
    let message = match state {
        State::Issue => {
            "User sudah terdaftar dan memiliki sertifikat dengan status ISSUE".to_owned()
        }
        State::NotRegistered => "User belum terdaftar".to_owned(),
        State::NoCertificate => "User sudah terdaftar dan belum memiliki sertifikat".to_owned(),
        State::New => "User sudah terdaftar dan belum melengkapi data".to_owned(),
        State::WaitingForVerification => "User sudah terdaftar dan menunggu verifikasi".to_owned(),
        State::Expired | State::Renew | State::Revoke | State::Suspend => {
            format!("User sudah terdaftar dan memiliki sertifikat dengan status {state}")
        }
    };
    (state.status_code(), message)
}
