//! A WebSocket client for tests.

use std::{sync::Arc, time::Duration};

use actix_http::ws::{CloseCode, Codec, Frame, Message};
use awc::{BoxedSocket, http::StatusCode};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio_rustls::rustls::ClientConfig;

/// An open connection.
pub(crate) struct Socket(actix_codec::Framed<BoxedSocket, Codec>);

/// What a connection said.
#[derive(Debug)]
pub(crate) enum Said {
    /// JSON.
    Json(Value),
    /// The other side closed.
    Closed(Option<CloseCode>),
    /// A pong.
    Pong,
}

impl Socket {
    /// Opens a connection, e.g. to `/ws`.
    pub(crate) async fn open(url: &str, path: &str, headers: &[(&str, &str)]) -> Result<Self, StatusCode> {
        Self::open_by(&awc::Client::new(), url, path, headers).await
    }

    /// The same over TLS.
    pub(crate) async fn trusting(
        url: &str,
        path: &str,
        trust: Arc<ClientConfig>,
    ) -> Result<Self, StatusCode> {
        let connector = awc::Connector::new().rustls_0_23(trust);
        Self::open_by(&awc::Client::builder().connector(connector).finish(), url, path, &[]).await
    }

    async fn open_by(
        client: &awc::Client,
        url: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, StatusCode> {
        let mut request = client.ws(format!("{url}{path}"));
        for (name, value) in headers {
            request = request.set_header(*name, *value);
        }
        match request.connect().await {
            Ok((_, framed)) => Ok(Self(framed)),
            Err(awc::error::WsClientError::InvalidResponseStatus(status)) => Err(status),
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.0.send(Message::Text(text.to_owned().into())).await.unwrap();
    }

    pub(crate) async fn ping(&mut self) {
        self.0.send(Message::Ping("x".into())).await.unwrap();
    }

    /// Waits for the next frame that says something.
    pub(crate) async fn hear(&mut self) -> Said {
        loop {
            let frame = actix_web::rt::time::timeout(Duration::from_secs(20), self.0.next()).await.unwrap();
            match frame {
                Some(Ok(Frame::Text(text))) => return Said::Json(serde_json::from_slice(&text).unwrap()),
                Some(Ok(Frame::Close(reason))) => return Said::Closed(reason.map(|reason| reason.code)),
                Some(Ok(Frame::Pong(_))) => return Said::Pong,
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Said::Closed(None),
            }
        }
    }

    /// Waits for JSON.
    pub(crate) async fn json(&mut self) -> Value {
        match self.hear().await {
            Said::Json(value) => value,
            other => panic!("{other:?}"),
        }
    }

    /// Waits for the end.
    pub(crate) async fn end(&mut self) -> Option<CloseCode> {
        loop {
            if let Said::Closed(code) = self.hear().await {
                return code;
            }
        }
    }
}
