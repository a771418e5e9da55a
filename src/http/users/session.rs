//! Browser sessions: start the demo session, show the caller's own, end it.

use actix_web::{
    HttpRequest,
    cookie::{Cookie, SameSite, time::Duration},
};

use crate::{
    auth::{Session, SessionError},
    domain::{
        messages::{credential::LoginName, reject::Reject},
        types::id::AccountId,
    },
    http::{
        auth::{
            audit::{self, Source},
            authenticate::{COOKIE, require_csrf, session},
            origin::refuse_foreign,
        },
        routing::request_context::{Reply, RequestContext},
        server::client_ip::{address, is_secure},
        wire::{
            error::{ApiError, Operation},
            json::Json,
        },
    },
};

/// `POST /x/v1/session/demo`
pub(crate) async fn start_demo(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let request = call.http()?;
    refuse_foreign(request)?;
    let demo = call.state.demo_account().filter(|_| call.state.is_local(request));
    let account = demo.ok_or_else(ApiError::not_found)?;
    start_session(call, account, None).map(|(_, reply)| reply)
}

/// Starts a session, and returns its cookie's value and the reply that sets it.
///
/// # Errors
/// -1003 or -1008 when there is no room for it, -1000 when the operating system has no random bytes.
pub(crate) fn start_session(
    call: &RequestContext<'_>,
    account: AccountId,
    name: Option<LoginName>,
) -> Result<(String, Reply), ApiError> {
    let sessions = call.state.sessions();
    let address = address(call.http()?);
    let started = sessions.start(account, name, address, call.state.exchange().now()).map_err(not_started)?;
    let seconds = i64::try_from(sessions.lifetime().as_secs()).unwrap_or(i64::MAX);
    let mut reply = Reply::write(192, |json| write(json, &started.session, call.state.demo_account()));
    reply.cookie = Some(cookie(call.http()?, started.cookie.clone(), Duration::seconds(seconds)));
    Ok((started.cookie, reply))
}

/// `GET /x/v1/session`
pub(crate) async fn get(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let session = session(call.state, call.http()?)?;
    Ok(Reply::write(192, |json| write(json, &session, call.state.demo_account())))
}

/// `DELETE /x/v1/session`
pub(crate) async fn end(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let session = session(call.state, call.http()?)?;
    require_csrf(call.http()?, &session)?;
    if let Some(cookie) = call.http()?.cookie(COOKIE) {
        call.state.sessions().end(cookie.value(), call.state.exchange().now());
    }
    let name = session.name.as_ref().map_or("demo", LoginName::as_str);
    // Only who is signed in can sign out, unlike what else this path serves.
    let source = Source { actor: "session", ..call.source() };
    audit::signed_in(&source, "sign-out", session.account, name);
    let mut reply = Reply::json("{}".to_owned());
    reply.cookie = Some(cookie(call.http()?, String::new(), Duration::ZERO));
    Ok(reply)
}

fn not_started(error: SessionError) -> ApiError {
    match error {
        SessionError::AddressFull => ApiError::too_many_sessions(),
        SessionError::Full => ApiError::refused(Reject::Busy, Operation::Operate),
        SessionError::Random(_) => {
            tracing::error!(%error, "no session could begin");
            ApiError::internal()
        }
    }
}

fn write(json: &mut Json, session: &Session, demo: Option<AccountId>) {
    json.object(|json| {
        json.field("accountId").number(session.account.get());
        json.field("csrfToken").text(&session.csrf_token());
        json.field("demo").boolean(demo == Some(session.account));
        let name = json.field("name");
        match &session.name {
            Some(signed_in) => name.text(signed_in.as_str()),
            None => name.raw("null"),
        }
    });
}

/// Returns the session cookie; one set over an encrypted connection is never sent over a plain one.
fn cookie(request: &HttpRequest, value: String, max_age: Duration) -> Cookie<'static> {
    Cookie::build(COOKIE, value)
        .secure(is_secure(request))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .max_age(max_age)
        .finish()
}
