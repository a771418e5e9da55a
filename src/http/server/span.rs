//! The root span of a request, and its one line in the log. Neither ever contains keys, signatures or query strings.

use std::time::Instant;

use actix_web::{
    Error, HttpMessage,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::StatusCode,
};
use tracing::{Span, error_span, field::Empty};
use tracing_actix_web::{RequestId, RootSpanBuilder};

use super::client_ip::client_address;
use crate::telemetry::traces::{Sampled, TARGET, is_traced, sample};

/// Builds the root span of every request.
#[derive(Debug)]
pub struct RequestSpan;

struct Started(Instant);

/// The most characters of an unknown path that are logged.
const PATH_LEN_MAX: usize = 128;

/// Returns an unknown path in a form safe to log: bounded, and without terminal control characters.
fn shown(path: &str) -> String {
    let mut shown = String::new();
    for (index, character) in path.chars().enumerate() {
        if index == PATH_LEN_MAX {
            shown.push('…');
            break;
        }
        if character.is_control() {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Returns whether requests for a path may be traced: the page's files, health and metrics are not.
fn is_of_api(path: &str) -> bool {
    ["/api/", "/x/"].into_iter().any(|prefix| path.starts_with(prefix))
}

/// Returns the span of a traced request, with attributes by the semantic conventions of OpenTelemetry.
fn traced(request: &ServiceRequest, sampled: Sampled) -> Span {
    let (method, route) = (request.method().as_str(), request.match_pattern());
    let name = route.as_deref().map_or_else(|| method.to_owned(), |route| format!("{method} {route}"));
    let extensions = request.extensions();
    let span = error_span!(
        target: TARGET,
        parent: None,
        "request",
        otel.name = name,
        otel.kind = "server",
        otel.status_code = Empty,
        trace_id = Empty,
        request.id = extensions.get::<RequestId>().map(tracing::field::display),
        client.address = client_address(request.request()).map(tracing::field::display),
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
        account.id = Empty,
    );
    sampled.attach(&span);
    span
}

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        request.extensions_mut().insert(Started(Instant::now()));
        if is_of_api(request.path())
            && let Some(sampled) = sample(|name| request.headers().get(name)?.to_str().ok())
        {
            return traced(request, sampled);
        }
        let extensions = request.extensions();
        let id = extensions.get::<RequestId>().map(tracing::field::display);
        tracing::debug_span!(
            "request",
            request.id = id,
            client.address = client_address(request.request()).map(tracing::field::display),
            method = request.method().as_str(),
            route = Empty,
            path = Empty,
            status = Empty,
            account.id = Empty,
        )
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let (status, response) = match outcome {
            Ok(response) => (response.status(), Some(response)),
            Err(error) => (error.as_response_error().status_code(), None),
        };
        span.record("status", status.as_u16());
        if is_traced(&span) {
            // Signed: the exporter sends other numbers as text.
            span.record("http.response.status_code", i64::from(status.as_u16()));
            if status.is_server_error() {
                span.record("otel.status_code", "ERROR");
            }
        }
        let Some(request) = response.map(ServiceResponse::request) else { return };
        if !span.is_disabled() {
            match request.match_pattern() {
                Some(route) => span.record("route", route),
                None => span.record("route", "none").record("path", shown(request.path())),
            };
        }
        let elapsed = request.extensions().get::<Started>().map(|started| started.0.elapsed());
        let micros = elapsed.map(|elapsed| u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX));
        tracing::debug!(parent: &span, elapsed_us = micros, "served");
        // The line for every request is at debug level; a server error is always logged.
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            let extensions = request.extensions();
            tracing::error!(
                request.id = extensions.get::<RequestId>().map(tracing::field::display),
                client.address = client_address(request).map(tracing::field::display),
                method = request.method().as_str(),
                route = request.match_pattern().as_deref().unwrap_or("none"),
                elapsed_us = micros,
                "a request failed"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fmt::Debug,
        sync::{Arc, Mutex},
    };

    use actix_web::{App, HttpResponse, test as server, web};
    use tracing::{
        Subscriber,
        field::{Field, Visit},
        span::{Id, Record},
    };
    use tracing_actix_web::TracingLogger;
    use tracing_subscriber::{Layer, layer::Context, layer::SubscriberExt};

    use super::*;

    #[test]
    fn a_path_is_cut_and_nothing_in_it_moves_the_cursor() {
        assert_eq!(shown("/wp-login.php"), "/wp-login.php");
        assert_eq!(shown("/a\u{1b}[2J\r\n\u{85}b"), "/a\\u{1b}[2J\\r\\n\\u{85}b");
        let long = shown(&"é".repeat(1_000));
        assert_eq!((long.chars().count(), long.ends_with('…')), (PATH_LEN_MAX + 1, true));
    }

    /// Visits the recorded path.
    #[derive(Clone, Default)]
    struct Paths(Arc<Mutex<Vec<String>>>);

    struct PathOf(Option<String>);

    impl Visit for PathOf {
        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            if field.name() == "path" {
                self.0 = Some(format!("{value:?}"));
            }
        }
    }

    impl<S: Subscriber> Layer<S> for Paths {
        fn on_record(&self, _: &Id, values: &Record<'_>, _: Context<'_, S>) {
            let mut path = PathOf(None);
            values.record(&mut path);
            self.0.lock().unwrap().extend(path.0);
        }
    }

    #[actix_web::test]
    async fn a_request_for_an_unknown_path_says_which_and_no_query() {
        let paths = Paths::default();
        let subscriber = tracing_subscriber::registry().with(paths.clone());
        let _guard = tracing::subscriber::set_default(subscriber);
        let known = web::resource("/known").to(|| async { HttpResponse::Ok().finish() });
        let app = App::new().wrap(TracingLogger::<RequestSpan>::new()).service(known);
        let app = server::init_service(app).await;
        for path in ["/known?secret=1", "/wp-login.php?secret=1", "/a%0d%0ab"] {
            let request = server::TestRequest::with_uri(path).to_request();
            server::call_service(&app, request).await;
        }
        assert_eq!(*paths.0.lock().unwrap(), ["\"/wp-login.php\"", "\"/a%0d%0ab\""]);
    }
}
