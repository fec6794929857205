//! What a visible signature looks like.
