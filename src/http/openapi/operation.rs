//! The description of a route beyond its row in the route index.

/// A route's description; method, path, security and weight come from the route index.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operation {
    /// Method and path.
    pub(super) route: &'static str,
    /// A one-sentence summary.
    pub(super) summary: &'static str,
    /// Its parameters, as `params` reads them.
    pub(super) params: &'static str,
    /// The schema of its JSON body, if it has one.
    pub(super) body: Option<&'static str>,
    /// The type of its reply; `None` when it always refuses.
    pub(super) reply: Option<&'static str>,
    /// Headers of its reply, beyond the common ones.
    pub(super) headers: &'static str,
    /// Refusals specific to it.
    pub(super) refusals: &'static [(u16, &'static str)],
    /// Whether any client may call it, although it is for browsers.
    pub(super) is_open: bool,
    /// Whether it asks no shard, so that no answer can be late.
    pub(super) is_local: bool,
    /// Whether clients should use another route.
    pub(super) is_deprecated: bool,
}

/// Starts a description.
pub(super) const fn op(route: &'static str, summary: &'static str) -> Operation {
    Operation {
        route,
        summary,
        params: "",
        body: None,
        reply: None,
        headers: "",
        refusals: &[],
        is_open: false,
        is_local: false,
        is_deprecated: false,
    }
}

impl Operation {
    pub(super) const fn takes(self, params: &'static str) -> Self {
        Self { params, ..self }
    }

    pub(super) const fn reads(self, body: &'static str) -> Self {
        Self { body: Some(body), ..self }
    }

    pub(super) const fn returns(self, reply: &'static str) -> Self {
        Self { reply: Some(reply), ..self }
    }

    pub(super) const fn with(self, headers: &'static str) -> Self {
        Self { headers, ..self }
    }

    pub(super) const fn refuses(self, refusals: &'static [(u16, &'static str)]) -> Self {
        Self { refusals, ..self }
    }

    pub(super) const fn open(self) -> Self {
        Self { is_open: true, ..self }
    }

    pub(super) const fn local(self) -> Self {
        Self { is_local: true, ..self }
    }

    pub(super) const fn deprecated(self) -> Self {
        Self { is_deprecated: true, ..self }
    }
}
