//! A running exchange for a bench: started, filled with accounts and orders, stopped.

use std::sync::Arc;

use actix::prelude::*;
use anyhow::{Context, Result};
use lightning_exchange::{
    actors::{self, Exchange, Settings},
    domain::{
        instruments::Instruments,
        messages::command::{AccountCommand, Answer, CreateAccount, Transfer},
        orders::NewOrder,
        types::{
            id::{AccountId, AssetId},
            money::Amount,
        },
    },
};
use tracing::Span;

use super::quiet::NoEncoder;

/// How many orders are in flight when many are placed.
const IN_FLIGHT: usize = 1_000;

/// Starts an exchange, works in it and stops it.
pub(super) fn in_exchange<T>(
    instruments: Instruments,
    work: impl AsyncFnOnce(Exchange) -> Result<T>,
) -> Result<T> {
    let system = System::new();
    let result = system.block_on(async {
        let settings = Settings::new(Arc::new(instruments));
        let running = actors::start(settings, Box::new(NoEncoder), Arc::new(()));
        let result = work(running.exchange.clone()).await;
        running.stop();
        result
    });
    System::current().stop();
    result
}

/// Opens an account with more than it can use.
pub(super) async fn fund(exchange: &Exchange, account: AccountId) -> Result<()> {
    let create = CreateAccount { id: Some(account), tier: 0, is_unlimited: false };
    send(exchange, AccountCommand::CreateAccount(create)).await?;
    for asset in [1, 2].map(AssetId::new) {
        let amount = Amount::new(10_i128.pow(20));
        let transfer = Transfer { account, asset, amount, request_id: None };
        send(exchange, AccountCommand::Deposit(transfer)).await?;
    }
    Ok(())
}

/// Places many orders; each must be accepted.
pub(super) async fn place_all(exchange: &Exchange, orders: impl Iterator<Item = NewOrder>) -> Result<()> {
    let mut answers = Vec::with_capacity(IN_FLIGHT);
    for order in orders {
        answers.push(exchange.dispatch(AccountCommand::Place(order), None, None, Span::none())?);
        if answers.len() == IN_FLIGHT {
            for answer in answers.drain(..) {
                answer.await?.answer?;
            }
        }
    }
    for answer in answers {
        answer.await?.answer?;
    }
    Ok(())
}

/// Sends a command that must be done.
pub(super) async fn send(exchange: &Exchange, command: AccountCommand) -> Result<Answer> {
    exchange.command(command, None, Span::none()).await.context("refused")
}
