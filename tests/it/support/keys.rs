//! API keys for accounts of the configuration.

use lightning_exchange::client::Credentials;

/// A key whose text follows from a number.
#[derive(Debug, Clone)]
pub(crate) struct KeyPair {
    /// The public part.
    pub(crate) key: String,
    /// The secret part.
    pub(crate) secret: String,
}

impl KeyPair {
    /// The `number`-th pair.
    pub(crate) fn number(number: u64) -> Self {
        Self { key: format!("key{number:061}"), secret: format!("secret{number:058}") }
    }

    /// Returns the pair as the client wants it.
    pub(crate) fn credentials(&self) -> Credentials {
        Credentials { key: self.key.clone(), secret: self.secret.clone() }
    }

    /// Returns an `[[accounts]]` entry with this key, which may do everything, and balances like `BTC = 1.5`.
    pub(crate) fn account(&self, id: u64, balances: &[(&str, &str)]) -> String {
        let balance =
            |(asset, amount): &(&str, &str)| format!("{{ asset = {asset:?}, amount = {amount:?} }}");
        let balances = balances.iter().map(balance).collect::<Vec<_>>().join(", ");
        let Self { key, secret } = self;
        format!(
            "[[accounts]]\nid = {id}\nbalances = [{balances}]\n\
             keys = [{{ key = {key:?}, secret = {secret:?}, permissions = [\"trade\", \"user-data\"] }}]\n"
        )
    }
}
