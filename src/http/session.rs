//! Browser sessions: begin the demo's, look at one's own, end it.

use actix_web::{
    HttpRequest,
    cookie::{Cookie, SameSite, time::Duration},
};

use super::{
    authenticate::{COOKIE, require_csrf, session},
    call::{Call, Reply},
    client::is_secure,
    error::ApiError,
    json::Json,
    origin::refuse_foreign,
};
use crate::{
    auth::Session,
    domain::{credential::LoginName, id::AccountId},
};

/// `POST /x/v1/session/demo`
pub(super) async fn begin_demo(call: &Call<'_>) -> Result<Reply, ApiError> {
    let account = call.state.demo_account().ok_or_else(ApiError::not_found)?;
    refuse_foreign(call.http()?)?;
    begin(call, account, None).map(|(_, reply)| reply)
}

/// Begins a session, and returns its cookie's value and the reply that sets it.
///
/// # Errors
/// -1000 when the operating system has no random bytes.
pub(super) fn begin(
    call: &Call<'_>,
    account: AccountId,
    name: Option<LoginName>,
) -> Result<(String, Reply), ApiError> {
    let sessions = call.state.sessions();
    let begun = sessions.begin(account, name, call.state.exchange().now()).map_err(|error| {
        tracing::error!(%error, "no session could begin");
        ApiError::internal()
    })?;
    let seconds = i64::try_from(sessions.lifetime().as_secs()).unwrap_or(i64::MAX);
    let mut reply = Reply::write(192, |json| write(json, &begun.session, call.state.demo_account()));
    reply.cookie = Some(cookie(call.http()?, begun.cookie.clone(), Duration::seconds(seconds)));
    Ok((begun.cookie, reply))
}

/// `GET /x/v1/session`
pub(super) async fn get(call: &Call<'_>) -> Result<Reply, ApiError> {
    let session = session(call.state, call.http()?)?;
    Ok(Reply::write(192, |json| write(json, &session, call.state.demo_account())))
}

/// `DELETE /x/v1/session`
pub(super) async fn end(call: &Call<'_>) -> Result<Reply, ApiError> {
    let session = session(call.state, call.http()?)?;
    require_csrf(call.http()?, &session)?;
    if let Some(cookie) = call.http()?.cookie(COOKIE) {
        call.state.sessions().end(cookie.value(), call.state.exchange().now());
    }
    let mut reply = Reply::json("{}".to_owned());
    reply.cookie = Some(cookie(call.http()?, String::new(), Duration::ZERO));
    Ok(reply)
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

/// Over an encrypted connection the cookie may never leave over another.
fn cookie(request: &HttpRequest, value: String, max_age: Duration) -> Cookie<'static> {
    Cookie::build(COOKIE, value)
        .secure(is_secure(request))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .max_age(max_age)
        .finish()
}
