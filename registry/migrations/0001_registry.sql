-- Columns are BYTEA, BIGINT and TEXT, which both engines know; identifiers are made by the daemon; times are
-- milliseconds since 1970. Columns named *_index are keyed hashes, those named *_sealed are encrypted (vault).

CREATE TABLE agency (
    id BYTEA NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);

CREATE TABLE application (
    id BYTEA NOT NULL PRIMARY KEY,
    agency BYTEA NOT NULL REFERENCES agency (id),
    name TEXT NOT NULL,
    client_id TEXT NOT NULL UNIQUE,
    secret_hash BYTEA NOT NULL,
    enabled BIGINT NOT NULL,
    address_ranges TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (agency, name)
);

-- Whoever has a certificate: a person or a seal. key_epoch moves with every change of key, passphrase or state.
CREATE TABLE holder (
    id BYTEA NOT NULL PRIMARY KEY,
    agency BYTEA NOT NULL REFERENCES agency (id),
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    key_epoch BIGINT NOT NULL,
    certificate BYTEA,
    created_at BIGINT NOT NULL
);

-- The data key of a holder or custodian, wrapped; without it nothing sealed of that person can be read.
CREATE TABLE data_key (
    owner BYTEA NOT NULL PRIMARY KEY,
    wrapped BYTEA NOT NULL
);

CREATE TABLE subscriber (
    holder BYTEA NOT NULL PRIMARY KEY REFERENCES holder (id),
    agency BYTEA NOT NULL REFERENCES agency (id),
    nik_index BYTEA,
    email_index BYTEA,
    nik_sealed BYTEA,
    email_sealed BYTEA,
    name_sealed BYTEA,
    UNIQUE (agency, nik_index),
    UNIQUE (agency, email_index)
);

-- The person who answers for a seal; need not be a subscriber.
CREATE TABLE custodian (
    id BYTEA NOT NULL PRIMARY KEY,
    agency BYTEA NOT NULL REFERENCES agency (id),
    email_index BYTEA NOT NULL,
    email_sealed BYTEA NOT NULL,
    name_sealed BYTEA NOT NULL,
    UNIQUE (agency, email_index)
);

CREATE TABLE seal (
    holder BYTEA NOT NULL PRIMARY KEY REFERENCES holder (id),
    agency BYTEA NOT NULL REFERENCES agency (id),
    subscriber_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    custodian BYTEA NOT NULL REFERENCES custodian (id),
    UNIQUE (agency, name)
);

CREATE TABLE seal_grant (
    seal BYTEA NOT NULL REFERENCES seal (holder),
    application BYTEA NOT NULL REFERENCES application (id),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (seal, application)
);

CREATE TABLE certificate (
    id BYTEA NOT NULL PRIMARY KEY,
    holder BYTEA NOT NULL REFERENCES holder (id),
    key_id BYTEA NOT NULL,
    algorithm TEXT NOT NULL,
    serial TEXT NOT NULL,
    chain_sealed BYTEA NOT NULL,
    not_before BIGINT NOT NULL,
    not_after BIGINT NOT NULL,
    state TEXT NOT NULL,
    revoked_at BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX certificate_holder ON certificate (holder);

-- What a passphrase opens; no hash of the passphrase is kept.
CREATE TABLE envelope (
    holder BYTEA NOT NULL PRIMARY KEY REFERENCES holder (id),
    scheme BIGINT NOT NULL,
    salt BYTEA NOT NULL,
    memory_kib BIGINT NOT NULL,
    iterations BIGINT NOT NULL,
    nonce BYTEA NOT NULL,
    ciphertext BYTEA NOT NULL
);

CREATE TABLE throttle (
    holder BYTEA NOT NULL PRIMARY KEY REFERENCES holder (id),
    wrong BIGINT NOT NULL,
    locked_until BIGINT NOT NULL,
    next_lock BIGINT NOT NULL
);

-- One row for every signature and every refusal that reached a holder. The id begins with the time, so that rows
-- come in its order and need no other index for it.
CREATE TABLE signature_record (
    id BYTEA NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    request_id TEXT NOT NULL,
    application BYTEA NOT NULL,
    holder BYTEA,
    document_id TEXT,
    document_digest BYTEA,
    document_size BIGINT,
    outcome TEXT NOT NULL
);

-- Certificates of the embedded authority; their keys lie in the token.
CREATE TABLE authority_certificate (
    role TEXT NOT NULL PRIMARY KEY,
    key_id BYTEA NOT NULL,
    certificate BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);
