//! Who may call an endpoint.

/// Who may call an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// Anybody.
    Public,
    /// A key with TRADE, or a browser session.
    Trade,
    /// The same; the proof is in the query, everything else in a JSON body.
    TradeJson,
    /// A key with USER_DATA, or a browser session.
    UserData,
    /// A browser of our own page; the handler looks at the session.
    Browser,
    /// The operator.
    Operator,
    /// Whoever watches over the process.
    Probe,
}

impl Security {
    /// Returns whether there are parameters; the others read JSON of their own shapes.
    pub(crate) const fn has_params(self) -> bool {
        matches!(self, Self::Public | Self::Trade | Self::TradeJson | Self::UserData)
    }
}
