//! The service: the common path of every method, and one line for each.

use std::{future::Future, net::IpAddr, pin::pin, sync::Arc, task::Poll, time::Instant};

use actix::ArbiterHandle;
use futures_util::poll;
use tonic::{Request, Response, Status};
use tracing::Instrument;

use super::{
    account, book,
    call::Call,
    caller::{Access, Caller, authenticate},
    guard::IsLocal,
    method::{
        CANCEL_ORDER, DECREASE, GET_ACCOUNT, GET_ORDER_BOOK, INCREASE, Method, PLACE_ORDER, STREAM_ACCOUNT,
        STREAM_DEPTH, STREAM_TRADES,
    },
    noted::Client,
    order,
    refusal::{self, Outcome},
    request::Fields,
    schema::{
        AccountEvent, CancelOrderRequest, DepthEvent, GetAccountRequest, GetAccountResponse,
        GetOrderBookRequest, GetOrderBookResponse, OrderResponse, PlaceOrderRequest, StreamAccountRequest,
        StreamDepthRequest, StreamTradesRequest, TradeEvent, TransferRequest, TransferResponse,
        lightning_server::Lightning,
    },
    session::Session,
    streams::{self, Messages},
    turns,
};
use crate::{
    actors::message::{SessionEvent, Speed, Topic},
    domain::{instruments::symbol::SymbolSpec, types::id::SymbolId},
    http::{
        ApiError, HttpState,
        gateway::{self, Source},
    },
};

/// The service.
#[derive(Debug, Clone)]
pub(super) struct Service {
    state: Arc<HttpState>,
    /// The arbiter that runs the sessions of streams.
    arbiter: ArbiterHandle,
}

impl Service {
    /// Serves the edge's state; sessions of streams run on `arbiter`.
    pub(super) const fn new(state: Arc<HttpState>, arbiter: ArbiterHandle) -> Self {
        Self { state, arbiter }
    }

    /// Authenticates a call when its turn comes, runs it, and returns the outcome. The next call's turn comes when this
    /// one has reached its shard: with its first poll.
    async fn unary<M, R, F>(
        &self,
        method: Method,
        mut request: Request<M>,
        run: impl FnOnce(Call, M) -> F,
    ) -> Result<Response<R>, Status>
    where
        M: Fields,
        R: Outcome,
        F: Future<Output = Result<R, ApiError>>,
    {
        let mut place = turns::place(&mut request);
        if let Some(place) = &mut place {
            place.come(self.state.limits().request_timeout).await?;
        }
        let address = client_address(&request)?;
        if let Err(error) = check_account(request.get_ref()) {
            return refusal::reply(&error).map(Response::new);
        }
        let caller = self.authenticate(method, &request, address)?;
        let account = Some(caller.account.get()).filter(|_| method.access != Access::Public);
        let actor = if caller.is_unproven() { "local" } else { "operator" };
        let source = Source { actor, address: Some(address), request: None };
        let metadata = request.metadata();
        let span = gateway::call_span(method.name, account, |name| metadata.get(name)?.to_str().ok());
        let call = Call { state: Arc::clone(&self.state), caller, span: span.clone(), source };
        let started = Instant::now();
        let mut running = pin!(run(call, request.into_inner()).instrument(span.clone()));
        let first = poll!(running.as_mut());
        drop(place);
        let outcome = match first {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => running.await,
        };
        let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        tracing::debug!(parent: &span, elapsed_us = micros, "served");
        match outcome {
            Ok(reply) => {
                if method.is_order {
                    gateway::refund(&self.state, address, method.weight);
                }
                Ok(Response::new(reply.success()))
            }
            Err(error) => refusal::reply(&error).map(Response::new),
        }
    }

    /// Authenticates the caller of a call.
    fn authenticate<M: Fields>(
        &self,
        method: Method,
        request: &Request<M>,
        address: IpAddr,
    ) -> Result<Caller, Status> {
        let (message, metadata) = (request.get_ref(), request.metadata());
        let is_local = request.extensions().get::<IsLocal>().copied().unwrap_or_default();
        let caller = authenticate(&self.state, method.access, method.name, message, metadata, is_local);
        if caller.is_err() && method.access == Access::Operator {
            gateway::operator_refused(&self.state, address);
        }
        caller
    }

    /// Authenticates a call and opens a stream for it.
    fn open<M: Fields>(&self, method: Method, request: &Request<M>) -> Result<(Session, Caller), Status> {
        let address = client_address(request)?;
        check_account(request.get_ref()).map_err(|error| refusal::of_stream(&error))?;
        let caller = self.authenticate(method, request, address)?;
        let session = Session::open(&self.state, &self.arbiter, address);
        Ok((session.map_err(|error| refusal::of_stream(&error))?, caller))
    }

    /// Opens a stream about a symbol.
    fn market<M: Fields, T: Send + 'static>(
        &self,
        method: Method,
        request: &Request<M>,
        (symbol, topic): (u32, fn(SymbolId) -> Topic),
        convert: fn(&SymbolSpec, SessionEvent) -> Vec<T>,
    ) -> Result<Response<Messages<T>>, Status> {
        let (session, caller) = self.open(method, request)?;
        let spec = self.state.exchange().instruments().symbol(SymbolId::new(symbol)).cloned();
        let spec = spec.ok_or_else(|| refusal::of_stream(&ApiError::symbol()))?;
        session.subscribe(topic(spec.id));
        let flow = (session, Arc::clone(&self.state), caller);
        Ok(Response::new(streams::flow(flow, None, move |event| convert(&spec, event))))
    }
}

/// Requires that a request about an account names one: a number that is not set is 0, which no account has.
///
/// # Errors
/// -1130.
fn check_account(request: &impl Fields) -> Result<(), ApiError> {
    match request.account() {
        Some(0) => Err(gateway::no_account("accountId")),
        _ => Ok(()),
    }
}

/// Returns the address a call was counted for.
fn client_address<M>(request: &Request<M>) -> Result<IpAddr, Status> {
    let client = request.extensions().get::<Client>().ok_or_else(|| Status::internal("no address"))?;
    Ok(client.0)
}

#[tonic::async_trait]
impl Lightning for Service {
    type streamDepthStream = Messages<DepthEvent>;
    type streamTradesStream = Messages<TradeEvent>;
    type streamAccountStream = Messages<AccountEvent>;

    async fn get_account(
        &self,
        request: Request<GetAccountRequest>,
    ) -> Result<Response<GetAccountResponse>, Status> {
        self.unary(GET_ACCOUNT, request, account::get).await
    }

    async fn increase(
        &self,
        request: Request<TransferRequest>,
    ) -> Result<Response<TransferResponse>, Status> {
        self.unary(INCREASE, request, account::increase).await
    }

    async fn decrease(
        &self,
        request: Request<TransferRequest>,
    ) -> Result<Response<TransferResponse>, Status> {
        self.unary(DECREASE, request, account::decrease).await
    }

    async fn place_order(
        &self,
        request: Request<PlaceOrderRequest>,
    ) -> Result<Response<OrderResponse>, Status> {
        self.unary(PLACE_ORDER, request, order::place).await
    }

    async fn cancel_order(
        &self,
        request: Request<CancelOrderRequest>,
    ) -> Result<Response<OrderResponse>, Status> {
        self.unary(CANCEL_ORDER, request, order::cancel).await
    }

    async fn get_order_book(
        &self,
        request: Request<GetOrderBookRequest>,
    ) -> Result<Response<GetOrderBookResponse>, Status> {
        self.unary(GET_ORDER_BOOK, request, book::get).await
    }

    async fn stream_depth(
        &self,
        request: Request<StreamDepthRequest>,
    ) -> Result<Response<Self::streamDepthStream>, Status> {
        let topic = |symbol| Topic::DepthSnapshot(symbol, Speed::Fast);
        self.market(STREAM_DEPTH, &request, (request.get_ref().symbol_id, topic), streams::depth)
    }

    async fn stream_trades(
        &self,
        request: Request<StreamTradesRequest>,
    ) -> Result<Response<Self::streamTradesStream>, Status> {
        self.market(STREAM_TRADES, &request, (request.get_ref().symbol_id, Topic::Trade), streams::trades)
    }

    async fn stream_account(
        &self,
        mut request: Request<StreamAccountRequest>,
    ) -> Result<Response<Self::streamAccountStream>, Status> {
        drop(turns::place(&mut request)); // the next call does not wait for the subscription
        let (session, caller) = self.open(STREAM_ACCOUNT, &request)?;
        let attached = session.attach(caller.account, request.get_ref().after_seq).await;
        let seq = attached.map_err(|error| refusal::of_stream(&error))?;
        caller.check(&self.state)?;
        let exchange = self.state.exchange();
        let first = streams::begun(seq, exchange.now().millis());
        let instruments = exchange.instruments();
        let flow = (session, Arc::clone(&self.state), caller);
        let convert = move |event| streams::account(&instruments, event);
        Ok(Response::new(streams::flow(flow, Some(first), convert)))
    }
}
