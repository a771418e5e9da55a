//! Authentication: each request by its own signature, or a connection that has logged on.
//!
//! After a logon a request needs neither key nor signature, only its timestamp; one that names a key is checked as if
//! there were no logon. Binance accepts only Ed25519 keys for a logon; here every type is accepted.

use super::{
    connection::{Api, Login, Opened, Said},
    proof::ignore_proof,
    reply::ReplyContext,
    subscriptions::is_usable,
};
use crate::http::{
    auth::{
        audit::{self, Claim, Source},
        authenticate::{Stamp, permit, prove},
        caller::Caller,
        security::Security,
    },
    state::HttpState,
    wire::{error::ApiError, json::Json, params::Params},
    ws::protocol_handler::ConnectionContext,
};

impl Api {
    /// Returns the caller of a request; `None` for public methods.
    pub(super) fn caller(
        &self,
        state: &HttpState,
        security: Security,
        params: &Params<'_>,
    ) -> Result<Option<Caller>, ApiError> {
        let has_key = params.get("apiKey").is_some_and(|key| !key.is_empty());
        match security {
            Security::Trade | Security::UserData => {}
            _ => return Ok(None),
        }
        let (key, deadline) = match &self.login {
            Some(login) if !has_key => {
                params.get("signature");
                let deadline = Stamp::read(params)?.check(state)?;
                let key = state.keys().get(&login.key).ok_or_else(ApiError::key_refused)?;
                (key, deadline)
            }
            _ => prove(state, params)?,
        };
        permit(security, &key)?;
        Ok(Some(Caller { account: key.account, deadline: Some(deadline) }))
    }

    /// `session.logon`
    pub(super) fn log_on(
        &mut self,
        connection: &ConnectionContext,
        params: &Params<'_>,
    ) -> Result<String, ApiError> {
        let source = Source { actor: "key", address: self.address, request: None };
        let now = connection.state.exchange().now();
        let (proved, _) = prove(&connection.state, params).inspect_err(|_| {
            connection.state.alarms().refused(Claim::Logon, self.address, None, now);
        })?;
        let key = params.required("apiKey")?.to_owned();
        params.all_read()?;
        audit::signed_in(&source, "logon", proved.account, &audit::shown(&key));
        self.login = Some(Login { key, since: connection.state.exchange().now() });
        Ok(self.describe(&connection.state))
    }

    /// `session.status`
    pub(super) fn status(
        &self,
        connection: &ConnectionContext,
        params: &Params<'_>,
    ) -> Result<String, ApiError> {
        ignore_proof(params);
        params.all_read()?;
        Ok(self.describe(&connection.state))
    }

    /// `session.logout`: subscriptions with a signature of their own remain.
    pub(super) fn log_out(
        &mut self,
        connection: &ConnectionContext,
        params: &Params<'_>,
        reply: &ReplyContext,
    ) -> Result<Said, ApiError> {
        ignore_proof(params);
        params.all_read()?;
        self.login = None;
        let ended = self.subscriptions.ids(|subscription| subscription.opened == Opened::ByLogin);
        let result = self.describe(&connection.state);
        Ok(self.end(connection, &ended, reply, result))
    }

    /// Ends the login and the subscriptions that depend on a revoked key.
    pub(super) fn end_those_without_key(&mut self, connection: &ConnectionContext) {
        let keys = connection.state.keys();
        if self.login.as_ref().is_some_and(|login| keys.get(&login.key).is_none()) {
            self.login = None;
        }
        let ended = self.subscriptions.ids(|subscription| !is_usable(keys, subscription));
        for id in ended {
            self.terminate(connection, id, None);
        }
    }

    fn describe(&self, state: &HttpState) -> String {
        let mut json = Json::with_capacity(256);
        json.object(|json| {
            match &self.login {
                Some(login) => {
                    json.field("apiKey").text(&login.key);
                    json.field("authorizedSince").number(self.unit.of(login.since));
                }
                None => {
                    json.field("apiKey").raw("null");
                    json.field("authorizedSince").raw("null");
                }
            }
            json.field("connectedSince").number(self.unit.of(self.since));
            json.field("returnRateLimits").boolean(self.returns_limits);
            json.field("serverTime").number(self.unit.of(state.exchange().now()));
            json.field("userDataStream").boolean(!self.subscriptions.is_empty());
        });
        json.finish()
    }
}
