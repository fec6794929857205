//! How much of a hostile document is read before it is refused.

/// Upper bounds on what reading one document may cost. What passes a bound is refused, never cut short.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// How deep arrays and dictionaries nest, and how deep the page tree is.
    pub max_depth: usize,
    /// The highest object number, and so the number of objects.
    pub max_objects: u32,
    /// Numbers, names, strings and so on in one object.
    pub max_nodes: usize,
    /// Numbers, names, strings and so on in all objects together.
    pub max_total_nodes: usize,
    /// Cross-reference sections.
    pub max_sections: usize,
    /// Bytes of one decoded cross-reference stream, object stream or other stream.
    pub max_stream: usize,
    /// Bytes of all decoded streams together.
    pub max_decoded: usize,
    /// Decoded object streams kept at a time, in bytes.
    pub max_cached: usize,
    /// Bytes scanned in search of a lost `endstream`.
    pub max_scan: usize,
    /// Nodes of the page tree that are visited.
    pub max_page_nodes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_depth: 64,
            max_objects: 8_388_607,
            max_nodes: 250_000,
            max_total_nodes: 8_000_000,
            max_sections: 2_048,
            max_stream: 32 << 20,
            max_decoded: 128 << 20,
            max_cached: 8 << 20,
            max_scan: 64 << 20,
            max_page_nodes: 250_000,
        }
    }
}
