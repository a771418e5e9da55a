//! The browser page: every file is in the binary, compressed at build time and named by its content.
//!
//! `static/build.rs` writes the table, which the binary passes in: the library contains no file of the page. Files
//! under `/assets/` carry their hash in their name and are cached forever; the rest is revalidated by ETag. The headers
//! let the page run its own script and talk to its own origin, and nothing else.

use actix_web::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ETAG, HeaderMap, HeaderName,
    IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};

/// The page's content security policy. Svelte makes its templates through one Trusted Types policy; there is no other.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; \
     frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types svelte-trusted-html";

/// One file of the page, in each encoding that is worth sending.
#[derive(Debug)]
pub struct Asset {
    /// The path it is served under.
    pub path: &'static str,
    /// Its `Content-Type`.
    pub mime: &'static str,
    /// The hash of its content.
    pub hash: &'static str,
    /// The file.
    pub raw: &'static [u8],
    /// The file compressed with Brotli, where that is smaller.
    pub brotli: Option<&'static [u8]>,
    /// The file compressed with gzip, where that is smaller.
    pub gzip: Option<&'static [u8]>,
}

/// Registers GET and HEAD of `/` and of every file of the page.
pub(crate) fn configure(config: &mut web::ServiceConfig, page: &'static [Asset]) {
    for asset in page {
        let answer = move |request: HttpRequest| std::future::ready(respond(asset, request.headers()));
        config.service(web::resource(asset.path).route(web::get().to(answer)).route(web::head().to(answer)));
        // Users omit the last slash, and the relative links of a directory's page depend on it.
        let bare = asset.path.strip_suffix('/').filter(|path| !path.is_empty());
        if let Some(bare) = bare {
            config.service(web::redirect(bare, asset.path).permanent());
        }
    }
}

fn respond(asset: &'static Asset, headers: &HeaderMap) -> HttpResponse {
    let (packing, body) = asset.packed_for(headers);
    // Each encoding is its own representation, so each has its own strong tag.
    let tag = format!("\"{}-{}\"", asset.hash, packing.unwrap_or("raw"));
    if matches_tag(headers, &tag) {
        return describe(HttpResponse::NotModified(), asset, &tag).finish();
    }
    let mut response = describe(HttpResponse::Ok(), asset, &tag);
    if let Some(packing) = packing {
        response.insert_header((CONTENT_ENCODING, packing));
    }
    response.content_type(asset.mime).body(body)
}

fn describe(mut response: HttpResponseBuilder, asset: &Asset, tag: &str) -> HttpResponseBuilder {
    response
        .insert_header((ETAG, tag))
        .insert_header((VARY, "Accept-Encoding"))
        .insert_header((CACHE_CONTROL, asset.cache_control()))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header((HeaderName::from_static("cross-origin-opener-policy"), "same-origin"))
        .insert_header((HeaderName::from_static("cross-origin-resource-policy"), "same-origin"));
    response
}

impl Asset {
    fn cache_control(&self) -> &'static str {
        if self.path.starts_with("/assets/") { "public, max-age=31536000, immutable" } else { "no-cache" }
    }

    /// Returns the smallest encoding the client accepts.
    fn packed_for(&self, headers: &HeaderMap) -> (Option<&'static str>, &'static [u8]) {
        [("br", self.brotli), ("gzip", self.gzip)]
            .into_iter()
            .find_map(|(name, body)| Some((Some(name), body.filter(|_| accepts(headers, name))?)))
            .unwrap_or((None, self.raw))
    }
}

/// Returns whether `Accept-Encoding` accepts this encoding: by name, else by `*`, and never with a quality of zero.
fn accepts(headers: &HeaderMap, packing: &str) -> bool {
    let mut by_star = false;
    for item in list(headers, &ACCEPT_ENCODING) {
        let mut parts = item.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let wanted = parts.all(|parameter| !is_zero_quality(parameter));
        if name.eq_ignore_ascii_case(packing) {
            return wanted;
        }
        by_star |= name == "*" && wanted;
    }
    by_star
}

fn is_zero_quality(parameter: &str) -> bool {
    parameter.split_once('=').is_some_and(|(name, value)| {
        name.trim().eq_ignore_ascii_case("q") && value.trim().parse() == Ok(0.0_f32)
    })
}

/// Compares `If-None-Match` weakly (RFC 9110, 13.1.2).
fn matches_tag(headers: &HeaderMap, tag: &str) -> bool {
    list(headers, &IF_NONE_MATCH).any(|item| item == "*" || item.strip_prefix("W/").unwrap_or(item) == tag)
}

/// Returns the items of a comma-separated header, over all its lines.
fn list<'a>(headers: &'a HeaderMap, name: &'a HeaderName) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(name)
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::to_bytes;
    use actix_web::http::{Method, StatusCode};
    use actix_web::{App, test as server};

    /// Queries a fresh server; returns the response's status, headers and body.
    async fn ask(
        method: Method,
        path: &str,
        headers: &[(HeaderName, &str)],
    ) -> (StatusCode, HeaderMap, Vec<u8>) {
        let app = server::init_service(App::new().configure(|config| configure(config, PAGE))).await;
        let mut request = server::TestRequest::with_uri(path).method(method);
        for (name, value) in headers {
            request = request.append_header((name.clone(), *value));
        }
        let response = server::call_service(&app, request.to_request()).await;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = to_bytes(response.into_body()).await.unwrap();
        (status, headers, body.to_vec())
    }

    fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
        headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    fn offering(line: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, line.parse().unwrap());
        headers
    }

    const fn asset(path: &'static str, mime: &'static str, raw: &'static [u8]) -> Asset {
        Asset { path, mime, hash: "0123456789abcdef", raw, brotli: Some(b"br"), gzip: Some(b"gz") }
    }

    static SAMPLE: Asset = asset("/assets/sample-1a2b.js", "text/javascript; charset=utf-8", b"raw");

    static PAGE: &[Asset] = &[
        Asset {
            brotli: None,
            gzip: None,
            ..asset("/", "text/html; charset=utf-8", b"<h1>Lightning Exchange</h1>")
        },
        asset("/api-docs/", "text/html; charset=utf-8", b"<h1>API</h1>"),
        asset("/assets/sample-1a2b.js", "text/javascript; charset=utf-8", b"raw"),
    ];

    #[actix_web::test]
    async fn the_root_is_a_page_with_its_headers() {
        let (status, headers, body) = ask(Method::GET, "/", &[]).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(header(&headers, "content-type"), "text/html; charset=utf-8");
        assert_eq!(header(&headers, "cache-control"), "no-cache");
        assert_eq!(header(&headers, "vary"), "Accept-Encoding");
        assert_eq!(header(&headers, "x-content-type-options"), "nosniff");
        assert_eq!(header(&headers, "referrer-policy"), "no-referrer");
        assert_eq!(header(&headers, "cross-origin-opener-policy"), "same-origin");
        assert_eq!(header(&headers, "cross-origin-resource-policy"), "same-origin");
        assert!(
            header(&headers, "content-security-policy").contains("default-src 'none'; script-src 'self';")
        );
        assert!(String::from_utf8(body).unwrap().contains("Lightning Exchange"));
    }

    #[actix_web::test]
    async fn head_describes_the_root() {
        let (status, headers, _) = ask(Method::HEAD, "/", &[]).await;
        assert_eq!(status, StatusCode::OK);
        assert!(!header(&headers, "etag").is_empty());
    }

    #[actix_web::test]
    async fn a_known_tag_answers_not_modified_with_the_tag_and_no_body() {
        let (_, headers, _) = ask(Method::GET, "/", &[]).await;
        let tag = header(&headers, "etag").to_owned();
        let listed = format!("\"other\", W/{tag}");
        for known in [tag.as_str(), listed.as_str(), "*"] {
            let (status, headers, body) = ask(Method::GET, "/", &[(IF_NONE_MATCH, known)]).await;
            assert_eq!(status, StatusCode::NOT_MODIFIED);
            assert_eq!(header(&headers, "etag"), tag);
            assert!(body.is_empty());
        }
        let (status, _, _) = ask(Method::GET, "/", &[(IF_NONE_MATCH, "\"other\"")]).await;
        assert_eq!(status, StatusCode::OK);
    }

    #[actix_web::test]
    async fn the_script_is_packed_and_cached_for_ever() {
        let (_, headers, body) =
            ask(Method::GET, SAMPLE.path, &[(ACCEPT_ENCODING, "gzip, deflate, br")]).await;
        assert_eq!(header(&headers, "content-encoding"), "br");
        assert_eq!(header(&headers, "cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(body, b"br");
    }

    #[actix_web::test]
    async fn the_explorer_is_served_under_its_directory() {
        let (status, headers, body) = ask(Method::GET, "/api-docs/", &[]).await;
        assert_eq!((status, header(&headers, "cache-control")), (StatusCode::OK, "no-cache"));
        assert!(String::from_utf8(body).unwrap().contains("API"));
        for method in [Method::GET, Method::HEAD] {
            let (status, headers, _) = ask(method, "/api-docs", &[]).await;
            assert_eq!(status, StatusCode::PERMANENT_REDIRECT);
            assert_eq!(header(&headers, "location"), "/api-docs/");
        }
    }

    #[actix_web::test]
    async fn an_unknown_path_is_not_the_page() {
        let (status, _, _) = ask(Method::GET, "/assets/none.js", &[]).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }

    #[test]
    fn the_smallest_packing_the_client_takes_is_sent() {
        for (offer, expected) in [
            ("", None),
            ("identity", None),
            ("gzip", Some("gzip")),
            ("gzip, br", Some("br")),
            ("GZIP, Br", Some("br")),
            ("br;q=0, gzip", Some("gzip")),
            ("br; q=0.000, gzip;q=0.5", Some("gzip")),
            ("br;q=0, gzip;q=0", None),
            ("*", Some("br")),
            ("*;q=0", None),
            ("*, br;q=0", Some("gzip")),
            ("brotli", None),
        ] {
            assert_eq!(SAMPLE.packed_for(&offering(offer)).0, expected, "{offer:?}");
        }
    }

    #[test]
    fn each_packing_has_its_own_tag() {
        let tag = |offer| header(respond(&SAMPLE, &offering(offer)).headers(), "etag").to_owned();
        assert_eq!(tag("br"), "\"0123456789abcdef-br\"");
        assert_eq!(tag("gzip"), "\"0123456789abcdef-gzip\"");
        assert_eq!(tag("identity"), "\"0123456789abcdef-raw\"");
    }
}
