//! A client without the schema: it learns the service from reflection, and speaks JSON.

use std::net::SocketAddr;

use futures_util::{StreamExt, stream};
use lightning_exchange::actors::{Clock, Exchange};
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, MethodDescriptor, prost::Message};
use serde_json::Value;
use tonic::{
    Request, Response, Status, Streaming,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    codegen::http::uri::PathAndQuery,
    transport::{Channel, Endpoint},
};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

use crate::{
    api::signature,
    support::{KeyPair, TestServer},
};

const SERVICE: &str = "schema.Lightning";

/// Starts an exchange that serves gRPC.
pub(crate) fn serving(settings: &str) -> TestServer {
    TestServer::start(&with_grpc(settings))
}

/// The settings with gRPC on a free port.
pub(crate) fn with_grpc(settings: &str) -> String {
    format!("{settings}\n[grpc]\nenabled = true\nlisten = \"127.0.0.1:0\"\n")
}

/// A connection, and what is sent with every call.
#[derive(Clone)]
pub(crate) struct Client {
    channel: Channel,
    pool: DescriptorPool,
    metadata: Vec<(&'static str, String)>,
    signs: Option<(KeyPair, u64)>,
}

impl Client {
    /// Connects and asks what there is.
    pub(crate) async fn connect(server: &TestServer) -> Self {
        Self::over(channel(server.grpc().unwrap()).await).await.unwrap()
    }

    /// Asks over a connection what there is.
    pub(crate) async fn over(channel: Channel) -> Result<Self, Status> {
        let mut reflection = ServerReflectionClient::new(channel.clone());
        let ask = ServerReflectionRequest {
            host: String::new(),
            message_request: Some(MessageRequest::FileContainingSymbol(SERVICE.to_owned())),
        };
        let mut answers = reflection.server_reflection_info(stream::iter([ask])).await?.into_inner();
        let answer = answers.message().await.unwrap().unwrap().message_response.unwrap();
        let MessageResponse::FileDescriptorResponse(files) = answer else { panic!("{answer:?}") };
        let mut pool = DescriptorPool::new();
        for file in files.file_descriptor_proto {
            pool.decode_file_descriptor_proto(file.as_slice()).unwrap();
        }
        Ok(Self { channel, pool, metadata: Vec::new(), signs: None })
    }

    /// Another connection, which calls the server by another name.
    pub(super) async fn at(&self, server: &TestServer, origin: &str) -> Self {
        let endpoint = Endpoint::from_shared(format!("http://{}", server.grpc().unwrap())).unwrap();
        let channel = endpoint.origin(origin.parse().unwrap()).connect().await.unwrap();
        Self { channel, ..self.clone() }
    }

    /// The same connection with this in every call's metadata.
    pub(crate) fn with(&self, name: &'static str, value: impl Into<String>) -> Self {
        let mut client = self.clone();
        client.metadata.push((name, value.into()));
        client
    }

    /// The same connection, signing with this key at this time of the exchange.
    pub(crate) fn signing(&self, key: &KeyPair, exchange: &Exchange) -> Self {
        self.signing_at(key, exchange.now().millis())
    }

    /// The same at another time.
    pub(crate) fn signing_at(&self, key: &KeyPair, millis: u64) -> Self {
        Self { signs: Some((key.clone(), millis)), ..self.clone() }
    }

    /// Calls a method with one reply.
    pub(crate) async fn call(&self, method: &str, request: Value) -> Result<Value, Status> {
        let (path, codec, request) = self.prepare(method, request);
        let mut grpc = Grpc::new(self.channel.clone());
        grpc.ready().await.unwrap();
        let reply: Response<DynamicMessage> = grpc.unary(request, path, codec).await?;
        Ok(json(reply.get_ref()))
    }

    /// Calls a method, and returns the code and text of its reply.
    pub(crate) async fn refused(&self, method: &str, request: Value) -> (i64, String) {
        let reply = self.call(method, request).await.unwrap();
        (reply["code"].as_i64().unwrap(), reply["message"].as_str().unwrap().to_owned())
    }

    /// Calls a method with one reply; the message follows the call when `release` says so.
    pub(crate) async fn call_with(
        &self,
        method: &str,
        request: Value,
        release: impl futures_util::Stream<Item = ()> + Send + 'static,
    ) -> Result<Value, Status> {
        let (path, codec, request) = self.prepare(method, request);
        let mut grpc = Grpc::new(self.channel.clone());
        grpc.ready().await.unwrap();
        let request = request.map(|message| release.map(move |()| message.clone()));
        let reply: Response<DynamicMessage> = grpc.client_streaming(request, path, codec).await?;
        Ok(json(reply.get_ref()))
    }

    /// Calls a method that must go well.
    pub(crate) async fn done(&self, method: &str, request: Value) -> Value {
        let reply = self.call(method, request).await.unwrap();
        assert_eq!((&reply["code"], &reply["message"]), (&0.into(), &"Success".into()), "{reply}");
        reply
    }

    /// Calls a method with many replies.
    pub(crate) async fn stream(&self, method: &str, request: Value) -> Result<Replies, Status> {
        let (path, codec, request) = self.prepare(method, request);
        let mut grpc = Grpc::new(self.channel.clone());
        grpc.ready().await.unwrap();
        Ok(Replies(grpc.server_streaming(request, path, codec).await?.into_inner()))
    }

    fn prepare(&self, method: &str, request: Value) -> (PathAndQuery, Json, Request<DynamicMessage>) {
        let described = self.method(method);
        let message = DynamicMessage::deserialize(described.input(), &request).unwrap();
        let mut call = Request::new(message);
        let mut add = |name: &'static str, value: &str| {
            call.metadata_mut().insert(name, value.parse().unwrap());
        };
        self.metadata.iter().for_each(|(name, value)| add(name, value));
        if let Some((key, millis)) = &self.signs {
            add("x-mbx-apikey", &key.key);
            add("x-mbx-timestamp", &millis.to_string());
            add("x-mbx-signature", &signature(key, &signed_text(&request, method, &key.key, *millis)));
        }
        let path = format!("/{SERVICE}/{method}").parse().unwrap();
        (path, Json(described.output()), call)
    }

    fn method(&self, name: &str) -> MethodDescriptor {
        let service = self.pool.get_service_by_name(SERVICE).unwrap();
        service.methods().find(|method| method.name() == name).unwrap()
    }

    /// Returns the names of all methods.
    pub(crate) fn methods(&self) -> Vec<String> {
        let service = self.pool.get_service_by_name(SERVICE).unwrap();
        service.methods().map(|method| method.name().to_owned()).collect()
    }

    /// Returns the connection.
    pub(crate) fn channel(&self) -> Channel {
        self.channel.clone()
    }
}

/// Every field, the method, the key and the time, sorted by name.
fn signed_text(request: &Value, method: &str, key: &str, millis: u64) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut pairs: Vec<(String, String)> =
        request.as_object().unwrap().iter().map(|(name, value)| (name.clone(), text(value))).collect();
    pairs.push(("apiKey".to_owned(), key.to_owned()));
    pairs.push(("method".to_owned(), method.to_owned()));
    pairs.push(("timestamp".to_owned(), millis.to_string()));
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

pub(crate) async fn channel(address: SocketAddr) -> Channel {
    // A small window, so that the server, and not the client's library, holds back an unread stream.
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    endpoint.initial_stream_window_size(65_535).connect().await.unwrap()
}

fn json(message: &DynamicMessage) -> Value {
    serde_json::to_value(message).unwrap()
}

/// The messages of a stream.
pub(crate) struct Replies(Streaming<DynamicMessage>);

impl Replies {
    /// Returns the next one; there must be one.
    pub(crate) async fn next(&mut self) -> Value {
        self.try_next().await.unwrap()
    }

    /// Returns the next one, or how the stream ended.
    pub(crate) async fn try_next(&mut self) -> Result<Value, Status> {
        Ok(json(&self.0.message().await?.expect("the stream continues")))
    }
}

/// A clock that stands still early in a minute.
pub(crate) fn still() -> (Clock, u64) {
    const NOW: u64 = 1_700_000_001_000;
    let (clock, _) = Clock::manual(lightning_exchange::domain::types::time::Timestamp::from_millis(NOW));
    (clock, NOW)
}

/// Carries messages of a type known only by its description.
#[derive(Debug, Clone)]
struct Json(MessageDescriptor);

impl Codec for Json {
    type Encode = DynamicMessage;
    type Decode = DynamicMessage;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        self.clone()
    }

    fn decoder(&mut self) -> Self {
        self.clone()
    }
}

impl Encoder for Json {
    type Item = DynamicMessage;
    type Error = Status;

    fn encode(&mut self, item: DynamicMessage, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        item.encode(buffer).map_err(|error| Status::internal(error.to_string()))
    }
}

impl Decoder for Json {
    type Item = DynamicMessage;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<DynamicMessage>, Status> {
        let message = DynamicMessage::decode(self.0.clone(), buffer);
        message.map(Some).map_err(|error| Status::internal(error.to_string()))
    }
}
