//! Queries the server for everything a check needs: what is new since the last one, and what was open then.

use std::collections::{BTreeSet, HashSet};

use awc::http::Method;
use futures_util::{StreamExt, stream};
use lightning_exchange::client::{Client, ClientError, Credentials};
use serde_json::Value;

use super::{
    fixture::AccountKey,
    market::{Asset, Symbol},
    model::{Account, Fate, Model},
    parse,
    record::{OrderState, Request, Transfer},
    view::{AccountView, View},
    wire::{self, Outcome},
};

/// Accounts asked at the same time.
const AT_ONCE: usize = 12;
/// Entries of one page.
const PAGE: usize = 1_000;
/// What the exchange remembers per account slot; at this many the window was too long.
const REMEMBERED: usize = 1_000;
/// The codes of an order that is not there.
const NO_SUCH_ORDER: i64 = -2013;
/// Closed orders, acknowledged transfers and keyed orders of each account that are asked for again.
const AGAIN: usize = 3;

type Fields<'a> = &'a [(&'a str, &'a str)];

/// Resolves unknown outcomes by repeating the requests, and repeats some whose outcome is known.
pub(super) async fn request_again(client: &Client, keys: &[AccountKey], model: &mut Model) {
    for key in keys {
        let Some(account) = model.accounts.get_mut(&key.account) else { continue };
        let unknown: Vec<Transfer> = std::mem::take(&mut account.transfers_unknown);
        let known: Vec<_> = account.transfers.iter().rev().take(AGAIN).cloned().collect();
        let keyed: Vec<_> = (account.places.values())
            .filter(|(place, fate)| place.keyed && !matches!(fate, Fate::Refused))
            .cloned()
            .collect();
        for transfer in unknown {
            match wire::send_transfer(client, key.account, &transfer).await {
                Outcome::Done(super::record::Answer::Transferred { free, locked }) => {
                    model.transferred(key.account, transfer, free, locked);
                }
                Outcome::Refused { status: 400, .. } if !transfer.deposit => {} // never made, and now too poor
                other => model.transfer_broken(key.account, &transfer, &format!("{other:?}")),
            }
        }
        for (transfer, free, locked) in known {
            match wire::send_transfer(client, key.account, &transfer).await {
                Outcome::Done(super::record::Answer::Transferred { free: now, locked: held })
                    if (now, held) == (free, locked) => {}
                other => model.transfer_broken(key.account, &transfer, &format!("{other:?}")),
            }
        }
        for (place, fate) in keyed {
            let request = Request::Place(place.clone());
            match (wire::send(client, key.account, &key.credentials(), &request).await, fate) {
                (Outcome::Done(super::record::Answer::Placed { order, .. }), Fate::Acknowledged(id))
                    if order.id == id => {}
                (
                    Outcome::Done(super::record::Answer::Placed { order, fills }),
                    Fate::Unknown | Fate::Pending,
                ) => {
                    model.placed(key.account, &place, order, fills);
                }
                (Outcome::Refused { .. }, Fate::Unknown | Fate::Pending) => {}
                (other, _) => model.not_idempotent(key.account, &place, &format!("{other:?}")),
            }
        }
    }
}

/// Reads everything.
pub(super) async fn look(client: &Client, keys: &[AccountKey], model: &Model) -> View {
    let mut view = View::default();
    let accounts = stream::iter(keys).map(|key| async {
        let credentials = key.credentials();
        let reader = Reader { client, credentials: &credentials };
        let seen = match model.accounts.get(&key.account) {
            None => Err("it is not in the model".to_owned()),
            Some(account) => reader.account(account, &model.trade_floor).await,
        };
        let failed = |why| AccountView { failed: Some(why), ..AccountView::default() };
        (key.account, seen.unwrap_or_else(failed))
    });
    view.accounts = accounts.buffer_unordered(AT_ONCE).collect().await;
    for symbol in Symbol::all() {
        if let Err(error) = market(client, symbol, &mut view).await {
            view.failed.push(format!("{}: {error}", symbol.name()));
        }
    }
    view
}

async fn market(client: &Client, symbol: Symbol, view: &mut View) -> Result<(), String> {
    let of = ("symbol", symbol.name());
    let describe = |error: ClientError| error.to_string();
    let depth = client.get("/api/v3/depth", &[of, ("limit", "5000")]).await.map_err(describe)?;
    for (side, is_bid) in [("bids", true), ("asks", false)] {
        for level in list(&depth[side])? {
            let pair = parse::amount(&level[0]).zip(parse::amount(&level[1]));
            let (price, qty) = pair.ok_or_else(|| format!("not a level: {level}"))?;
            view.books.insert((symbol, is_bid, price), qty);
        }
    }
    let trades = client.get("/api/v3/trades", &[of, ("limit", "1000")]).await.map_err(describe)?;
    for trade in list(&trades)? {
        let found_trade = parse::amount(&trade["price"]).zip(parse::amount(&trade["qty"]));
        let (id, found_trade) =
            trade["id"].as_u64().zip(found_trade).ok_or_else(|| format!("not a trade: {trade}"))?;
        view.trades.insert((symbol, id), found_trade);
    }
    Ok(())
}

fn list(value: &Value) -> Result<&Vec<Value>, String> {
    value.as_array().ok_or_else(|| format!("not a list: {value}"))
}

/// Reads one account.
struct Reader<'a> {
    client: &'a Client,
    credentials: &'a Credentials,
}

impl Reader<'_> {
    async fn get(&self, path: &str, pairs: Fields<'_>) -> Result<Value, ClientError> {
        self.client.signed(self.credentials, Method::GET, path, pairs).await
    }

    async fn list<T>(
        &self,
        path: &str,
        pairs: Fields<'_>,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Vec<T>, String> {
        let body = self.get(path, pairs).await.map_err(|error| format!("{path}: {error}"))?;
        let one = |value: &Value| read(value).ok_or_else(|| format!("{path}: not understood: {value}"));
        list(&body)?.iter().map(one).collect()
    }

    async fn account(&self, account: &Account, floors: &[u64]) -> Result<AccountView, String> {
        let mut seen = AccountView::default();
        let body = self.get("/api/v3/account", &[]).await.map_err(|error| error.to_string())?;
        for balance in list(&body["balances"])? {
            let asset = balance["asset"].as_str().and_then(Asset::named);
            let pair = parse::amount(&balance["free"]).zip(parse::amount(&balance["locked"]));
            let (asset, pair) = asset.zip(pair).ok_or_else(|| format!("not a balance: {balance}"))?;
            seen.balances[asset.0] = pair;
        }
        seen.open = self.list("/api/v3/openOrders", &[], parse::order).await?;
        for symbol in Symbol::all() {
            let of = ("symbol", symbol.name());
            self.orders(of, account.order_floor + 1, &mut seen.orders).await?;
            let mut from = floors[symbol.0] + 1;
            loop {
                let text = from.to_string();
                let pairs = [of, ("limit", "1000"), ("fromId", text.as_str())];
                let page = self.list("/api/v3/myTrades", &pairs, parse::fill).await?;
                let is_last = page.len() < PAGE;
                from = page.last().map_or(from, |fill| fill.seen.trade + 1);
                seen.fills.extend(page.into_iter().map(|fill| (symbol, fill)));
                if is_last {
                    break;
                }
            }
        }
        let closed = seen.orders.iter().filter(|order| order.is_final()).count();
        if closed >= REMEMBERED || seen.fills.len() >= REMEMBERED {
            return Err(format!(
                "{closed} orders closed and {} fills since the last check: more than is remembered; check more \
                 often",
                seen.fills.len()
            ));
        }
        self.one_by_one(account, &mut seen).await?;
        Ok(seen)
    }

    async fn orders(&self, of: (&str, &str), from: u64, into: &mut Vec<OrderState>) -> Result<(), String> {
        let mut from = from;
        loop {
            let text = from.to_string();
            let pairs = [of, ("limit", "1000"), ("orderId", text.as_str())];
            let page = self.list("/api/v3/allOrders", &pairs, parse::order).await?;
            let is_last = page.len() < PAGE;
            from = page.last().map_or(from, |order| order.id + 1);
            into.extend(page);
            if is_last {
                return Ok(());
            }
        }
    }

    /// Orders that were open at the last check and are not any more, a few that were closed then, and those whose
    /// request was never answered.
    async fn one_by_one(&self, account: &Account, seen: &mut AccountView) -> Result<(), String> {
        let there: BTreeSet<u64> = seen.orders.iter().chain(&seen.open).map(|order| order.id).collect();
        let missing = account.orders.iter().filter(|(id, _)| !there.contains(id));
        let missing = missing.map(|(id, known)| (*id, known.order.symbol));
        let again = account.closed.iter().rev().take(AGAIN).map(|(id, order)| (*id, order.symbol));
        for (id, symbol) in missing.chain(again).collect::<Vec<_>>() {
            let id = id.to_string();
            let found = self.order(&[("symbol", symbol.name()), ("orderId", &id)]).await?;
            seen.orders.extend(found);
        }
        let names: HashSet<&str> =
            seen.orders.iter().chain(&seen.open).map(|order| order.name.as_str()).collect();
        let unknown: Vec<_> = (account.places.iter())
            .filter(|(name, (_, fate))| {
                matches!(fate, Fate::Unknown | Fate::Pending) && !names.contains(name.as_str())
            })
            .collect();
        for (name, (place, _)) in unknown {
            let found = self.order(&[("symbol", place.symbol.name()), ("origClientOrderId", name)]).await?;
            seen.orders.extend(found);
        }
        Ok(())
    }

    async fn order(&self, pairs: Fields<'_>) -> Result<Option<OrderState>, String> {
        match self.get("/api/v3/order", pairs).await {
            Ok(body) => parse::order(&body).map(Some).ok_or_else(|| format!("not an order: {body}")),
            Err(error) if error.code() == Some(NO_SUCH_ORDER) => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }
}
