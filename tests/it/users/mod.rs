//! Users open accounts, sign in and make keys; and the limits of each.

mod keys;
mod passwords;
mod signing;

use awc::http::Method;
use serde_json::{Value, json};

use crate::api::{Answer, Api};

pub(crate) const PASSWORD: &str = "correct horse battery";

/// A browser that is signed in.
pub(crate) struct Browser {
    api: Api,
    pub(crate) cookie: String,
    csrf: String,
    pub(crate) account: u64,
}

impl Browser {
    /// Takes what a sign-up or sign-in has answered.
    pub(crate) fn of(url: &str, answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{answer:?}");
        let set = answer.header("set-cookie").unwrap();
        Self {
            api: Api::new(url),
            cookie: set.split(';').next().unwrap().to_owned(),
            csrf: answer.json["csrfToken"].as_str().unwrap().to_owned(),
            account: answer.json["accountId"].as_u64().unwrap(),
        }
    }

    /// Opens an account.
    pub(crate) async fn sign_up(url: &str, name: &str) -> Self {
        let answer = post(&Api::new(url), "signup", name, PASSWORD).await;
        Self::of(url, &answer)
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        let headers = [("Cookie", self.cookie.as_str()), ("X-CSRF-TOKEN", self.csrf.as_str())];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.api.send(method, path, &headers, &body).await
    }

    /// Returns whether the session lives.
    pub(crate) async fn is_signed_in(&self) -> bool {
        self.send(Method::GET, "/x/v1/session", &Value::Null).await.status == 200
    }
}

/// Posts a name and a password to `signup` or `session`.
async fn post(api: &Api, path: &str, name: &str, password: &str) -> Answer {
    let body = json!({ "name": name, "password": password }).to_string();
    api.send(Method::POST, &format!("/x/v1/{path}"), &[], &body).await
}
