//! Private events by subscription: one per account and connection, each with a number that is not reused.

use super::{
    connection::{Api, OWN_WEIGHT, Opened, Said, Subscription},
    proof::ignore_proof,
    reply::{ReplyContext, Used},
};
use crate::{
    actors::message::{self, AttachUser, DetachUser, EventEnvelope, NotListening},
    auth::{ApiKey, KeyDirectory},
    http::{
        auth::{
            authenticate::{permit, prove},
            security::Security,
        },
        wire::{error::ApiError, json::Json, params::Params},
        ws::{
            notices::{not_listening, terminated},
            protocol_handler::ConnectionContext,
        },
    },
};

/// Returns whether the key a subscription depends on still allows it.
pub(super) fn is_usable(keys: &KeyDirectory, subscription: &Subscription) -> bool {
    let allows = |key: &ApiKey| key.account == subscription.account && key.permissions.user_data;
    keys.get(&subscription.key).is_some_and(|key| allows(&key))
}

impl Api {
    /// `session.subscriptions`
    pub(super) fn list(&self, params: &Params<'_>) -> Result<String, ApiError> {
        ignore_proof(params);
        params.all_read()?;
        let mut json = Json::with_capacity(256);
        json.array(|json| {
            for id in self.subscriptions.by_id.keys() {
                json.item().object(|json| json.field("subscriptionId").number(u64::from(*id)));
            }
        });
        Ok(json.finish())
    }

    /// `userDataStream.subscribe`: of the account the connection has logged on for.
    pub(super) fn subscribe(
        &mut self,
        connection: &ConnectionContext,
        params: &Params<'_>,
        reply: &ReplyContext,
    ) -> Result<Said, ApiError> {
        let login = self.login.as_ref().ok_or_else(ApiError::unauthorized)?;
        let key = connection.state.keys().get(&login.key).ok_or_else(ApiError::key_refused)?;
        let name = login.key.clone();
        // A request that names another key is for that key's account, not the login's.
        if params.get("apiKey").is_some_and(|named| named != name) {
            return Err(ApiError::not_required("apiKey"));
        }
        ignore_proof(params);
        self.attach(connection, params, reply, (&key, name), Opened::ByLogin)
    }

    /// `userDataStream.subscribe.signature`: of the account of the key it is signed with.
    pub(super) fn subscribe_signed(
        &mut self,
        connection: &ConnectionContext,
        params: &Params<'_>,
        reply: &ReplyContext,
    ) -> Result<Said, ApiError> {
        let (key, _) = prove(&connection.state, params)?;
        let name = params.required("apiKey")?.to_owned();
        self.attach(connection, params, reply, (&key, name), Opened::BySignature)
    }

    fn attach(
        &mut self,
        connection: &ConnectionContext,
        params: &Params<'_>,
        reply: &ReplyContext,
        (key, name): (&ApiKey, String),
        opened: Opened,
    ) -> Result<Said, ApiError> {
        permit(Security::UserData, key)?;
        let after = params.integer("fromSeq")?;
        params.all_read()?;
        let account = key.account;
        let most = connection.state.limits().api_subscriptions;
        let id = self.subscriptions.add(Subscription { account, key: name, opened }, most)?;
        let (state, reply) = (connection.state.clone(), reply.clone());
        let acknowledge = move |start: &Result<u64, NotListening>| {
            let text = match start {
                Ok(seq) => {
                    let result = format!("{{\"subscriptionId\":{id},\"seq\":{seq}}}");
                    reply.done(&state, 200, &result, Used::of(OWN_WEIGHT))
                }
                Err(error) => reply.refused(&state, &not_listening(error), Used::of(OWN_WEIGHT)),
            };
            Some(message::WsText(text.into()))
        };
        connection.state.exchange().push().do_send(AttachUser {
            session: connection.id,
            account,
            envelope: EventEnvelope::Api(id),
            after,
            acknowledge: Box::new(acknowledge),
        });
        Ok(Said::ByPush)
    }

    /// `userDataStream.unsubscribe`: one, or all.
    pub(super) fn unsubscribe(
        &mut self,
        connection: &ConnectionContext,
        params: &Params<'_>,
        reply: &ReplyContext,
    ) -> Result<Said, ApiError> {
        let id = params.integer("subscriptionId")?;
        ignore_proof(params);
        params.all_read()?;
        let ended = self.subscriptions.ids(|_| true);
        let ended: Vec<u16> =
            ended.into_iter().filter(|known| id.is_none_or(|id| id == u64::from(*known))).collect();
        if ended.is_empty() {
            return Err(ApiError::subscription_inactive());
        }
        Ok(self.end(connection, &ended, reply, "{}".to_owned()))
    }

    /// Ends subscriptions and answers the request: the answer is sent first, then the termination event of each.
    pub(super) fn end(
        &mut self,
        connection: &ConnectionContext,
        ids: &[u16],
        reply: &ReplyContext,
        result: String,
    ) -> Said {
        let Some((first, others)) = ids.split_first() else { return Said::Now(result) };
        let answer = reply.done(&connection.state, 200, &result, Used::of(OWN_WEIGHT));
        self.terminate(connection, *first, Some(answer));
        others.iter().for_each(|id| self.terminate(connection, *id, None));
        Said::ByPush
    }

    /// Ends a subscription; its termination event follows its last event.
    pub(super) fn terminate(&mut self, connection: &ConnectionContext, id: u16, before: Option<String>) {
        let Some(account) = self.subscriptions.forget(id) else { return };
        let exchange = connection.state.exchange();
        let last = terminated(id, exchange.now(), self.unit);
        let farewell = before.into_iter().chain([last]).map(|text| message::WsText(text.into())).collect();
        exchange.push().do_send(DetachUser { session: connection.id, account, farewell });
    }
}
