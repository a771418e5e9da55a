//! The access rules of endpoints.

/// The callers an endpoint accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// Any client.
    Public,
    /// A key with TRADE, or a browser session.
    Trade,
    /// The same; the proof is in the query, everything else in a JSON body.
    TradeJson,
    /// A key with USER_DATA, or a browser session.
    UserData,
    /// A browser on the exchange's own page; the handler checks the session.
    Browser,
    /// The operator.
    Operator,
    /// Monitoring of the process.
    Probe,
}

impl Security {
    /// Returns whether the endpoint takes parameters; the others read JSON bodies of their own.
    pub(crate) const fn has_params(self) -> bool {
        matches!(self, Self::Public | Self::Trade | Self::TradeJson | Self::UserData)
    }
}
