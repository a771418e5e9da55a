//! Private events by subscription: one an account and connection, each with a number that is not used again.

use super::{
    connection::{Api, OWN_WEIGHT, Opened, Said, Subscription},
    proof::ignore_proof,
    reply::{Frame, Used},
};
use crate::{
    actors::message::{self, AttachUser, DetachUser, NotListening, UserForm},
    auth::{ApiKey, KeyDirectory},
    http::{
        auth::{
            authenticate::{permit, prove},
            security::Security,
        },
        wire::{error::ApiError, json::Json, params::Params},
        ws::{
            conversation::Station,
            notices::{not_listening, terminated},
        },
    },
};

/// Returns whether the key a subscription hangs on still allows it.
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
        station: &Station,
        params: &Params<'_>,
        frame: &Frame,
    ) -> Result<Said, ApiError> {
        let login = self.login.as_ref().ok_or_else(ApiError::unauthorized)?;
        let key = station.state.keys().get(&login.key).ok_or_else(ApiError::key_refused)?;
        let name = login.key.clone();
        // Whoever names another key wants that key's account, not the login's.
        if params.get("apiKey").is_some_and(|named| named != name) {
            return Err(ApiError::not_required("apiKey"));
        }
        ignore_proof(params);
        self.attach(station, params, frame, (&key, name), Opened::ByLogin)
    }

    /// `userDataStream.subscribe.signature`: of the account of the key it is signed with.
    pub(super) fn subscribe_signed(
        &mut self,
        station: &Station,
        params: &Params<'_>,
        frame: &Frame,
    ) -> Result<Said, ApiError> {
        let (key, _) = prove(&station.state, params)?;
        let name = params.required("apiKey")?.to_owned();
        self.attach(station, params, frame, (&key, name), Opened::BySignature)
    }

    fn attach(
        &mut self,
        station: &Station,
        params: &Params<'_>,
        frame: &Frame,
        (key, name): (&ApiKey, String),
        opened: Opened,
    ) -> Result<Said, ApiError> {
        permit(Security::UserData, key)?;
        let after = params.integer("fromSeq")?;
        params.all_read()?;
        let account = key.account;
        let most = station.state.limits().api_subscriptions;
        let id = self.subscriptions.add(Subscription { account, key: name, opened }, most)?;
        let (state, frame) = (station.state.clone(), frame.clone());
        let acknowledge = move |start: &Result<u64, NotListening>| {
            let text = match start {
                Ok(seq) => {
                    let result = format!("{{\"subscriptionId\":{id},\"seq\":{seq}}}");
                    frame.done(&state, 200, &result, Used::of(OWN_WEIGHT))
                }
                Err(error) => frame.refused(&state, &not_listening(error), Used::of(OWN_WEIGHT)),
            };
            Some(message::Frame(text.into()))
        };
        station.state.exchange().push().do_send(AttachUser {
            session: station.id,
            account,
            form: UserForm::Api(id),
            after,
            acknowledge: Box::new(acknowledge),
        });
        Ok(Said::ByPush)
    }

    /// `userDataStream.unsubscribe`: one, or all.
    pub(super) fn unsubscribe(
        &mut self,
        station: &Station,
        params: &Params<'_>,
        frame: &Frame,
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
        Ok(self.end(station, &ended, frame, "{}".to_owned()))
    }

    /// Ends subscriptions and answers who asked for it: the answer comes first, then the last word of each.
    pub(super) fn end(&mut self, station: &Station, ids: &[u16], frame: &Frame, result: String) -> Said {
        let Some((first, others)) = ids.split_first() else { return Said::Now(result) };
        let answer = frame.done(&station.state, 200, &result, Used::of(OWN_WEIGHT));
        self.terminate(station, *first, Some(answer));
        others.iter().for_each(|id| self.terminate(station, *id, None));
        Said::ByPush
    }

    /// Ends a subscription; its last word comes after the last of its events.
    pub(super) fn terminate(&mut self, station: &Station, id: u16, before: Option<String>) {
        let Some(account) = self.subscriptions.forget(id) else { return };
        let exchange = station.state.exchange();
        let last = terminated(id, exchange.now(), self.unit);
        let farewell = before.into_iter().chain([last]).map(|text| message::Frame(text.into())).collect();
        exchange.push().do_send(DetachUser { session: station.id, account, farewell });
    }
}
