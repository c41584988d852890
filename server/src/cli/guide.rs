//! The friendly text of `tollgate dev`: credentials, and shell lines that run as they stand.
//!
//! Shell lines are indented by four blanks, everything else by fewer.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::assets::SDK;
use crate::demo::Printed;

pub(super) fn text(printed: &Printed, data: &Path) -> String {
    let body = if printed.is_first() { first(printed) } else { again(printed) };
    let Printed { sandbox, live, .. } = printed;
    let data = data.display();
    let browser = browser(printed);
    format!(
        r"Tollgate is ready.
  sandbox  {sandbox}   takes test credentials
  live     {live}   takes live credentials
  data     {data}   database and keys; delete it, or name another with --data, to start anew

{body}
{browser}
Shared: the public keys of the tokens, and the metadata of the token endpoint
    curl -sS -w '\n' {sandbox}/.well-known/jwks.json
    curl -sS -w '\n' {sandbox}/.well-known/oauth-authorization-server

Logs go to standard error. Ctrl-C stops the server."
    )
}

fn first(p: &Printed) -> String {
    [credentials(p), caibo(p), eighty_eight_pay(p), pledg(p), alternative(p), cardpluspay(p)].join("\n")
}

fn again(p: &Printed) -> String {
    let (email, user, request) = (&p.panel.email, &p.panel.user_id, p.caibo.payment_request_id);
    let (merchant, live) = (&p.merchant_id_test, &p.merchant_id_live);
    format!(
        r"Demo merchant {live} (sandbox spelling {merchant}), panel login {email} (user {user}), payment request {request}.
Its keys and password still work; they were shown at the first start and are kept as digests only.
"
    )
}

fn browser(p: &Printed) -> String {
    let (sandbox, shop) = (&p.sandbox, p.shop.as_deref().unwrap_or("-"));
    let (path, integrity) = (SDK.path(), SDK.integrity());
    format!(
        r#"Browser: a demo shop that takes payments on its page, in a dialog and by invoice; the module for your own page
  shop     {shop}   open it in a browser; its plain HTTP origin is registered for the demo merchant, by dev only
  module   <script type="module" src="{sandbox}{path}"
             integrity="{integrity}" crossorigin="anonymous"></script>
    curl -sS -w '\n' {sandbox}/sdk/v1/manifest.json
"#
    )
}

fn credentials(p: &Printed) -> String {
    let (merchant, live, email, user) = (&p.merchant_id_test, &p.merchant_id_live, &p.panel.email, &p.panel.user_id);
    let (caibo, caibo_live) = (show(p.caibo.api_key_test.as_ref()), show(p.caibo.api_key_live.as_ref()));
    let (pay, pay_live) =
        (show(p.eighty_eight_pay.api_key_test.as_ref()), show(p.eighty_eight_pay.api_key_live.as_ref()));
    format!(
        r"Demo merchant {live} (sandbox spelling {merchant}). The secrets below are shown this once.
  panel               {sandbox}/panel   open it in a browser
  panel login         {email}   {password}   (user {user})
  administrator       {admin}   {admin_password}
  Caibo keys          {caibo}
                      {caibo_live}
  88Pay keys          {pay}
                      {pay_live}
  Pledg client        {pledg}   {pledg_secret}
  Alternative client  {alternative}   {alternative_secret}
  CardPlusPay key     {card}
  webhook secret      {webhook}
",
        sandbox = p.sandbox,
        admin = p.panel.admin_email,
        admin_password = show(p.panel.admin_password.as_ref()),
        password = show(p.panel.password.as_ref()),
        pledg = p.pledg.key,
        pledg_secret = show(p.pledg.secret.as_ref()),
        alternative = p.alternative.client_id,
        alternative_secret = show(p.alternative.client_secret.as_ref()),
        card = show(p.cardpluspay.api_key.as_ref()),
        webhook = p.caibo.webhook_secret,
    )
}

fn caibo(p: &Printed) -> String {
    let (sandbox, key, request) = (&p.sandbox, show(p.caibo.api_key_test.as_ref()), p.caibo.payment_request_id);
    let (email, password) = (&p.panel.email, show(p.panel.password.as_ref()));
    format!(
        r#"Caibo: log in as a person; who is the key; read a payment request; a token for its payment page
    curl -sS -w '\n' {sandbox}/auth/login -H 'Content-Type: application/json' -d '{{"email":"{email}","password":"{password}"}}'
    curl -sS -w '\n' {sandbox}/auth/whoami -H 'X-API-Key: {key}'
    curl -sS -w '\n' {sandbox}/payment-requests/{request} -H 'X-API-Key: {key}'
    curl -sS -w '\n' -X POST {sandbox}/payment-requests/{request}/checkout-session -H 'X-API-Key: {key}'
"#
    )
}

fn eighty_eight_pay(p: &Printed) -> String {
    let (sandbox, key, merchant) = (&p.sandbox, show(p.eighty_eight_pay.api_key_test.as_ref()), &p.merchant_id_test);
    format!(
        r#"88Pay: a token for 60 seconds, and calls with it and its session id
    R=$(curl -sS -X POST {sandbox}/api/auth/token -H 'x-api-key: {key}' -H 'x-merchant-id: {merchant}'); echo "$R"
    T=$(echo "$R" | sed 's/.*"access_token":"\([^"]*\)".*/\1/') S=$(echo "$R" | sed 's/.*"session_id":"\([^"]*\)".*/\1/')
    curl -sS -w '\n' {sandbox}/api/balance -H "Authorization: Bearer $T" -H "x-session-id: $S"
    curl -sS -w '\n' {sandbox}/api/transactions/charges -H "Authorization: Bearer $T" -H "x-session-id: $S" -H 'Content-Type: application/json' -d '{{"flow":"PAYIN","method_code":"CARDS","amount":50000,"currency":"COP","country":"COL"}}'
"#
    )
}

fn pledg(p: &Printed) -> String {
    let (sandbox, key, secret) = (&p.sandbox, &p.pledg.key, show(p.pledg.secret.as_ref()));
    let (email, password, purchase) = (&p.panel.email, show(p.panel.password.as_ref()), &p.pledg.purchase_uid);
    format!(
        r#"Pledg: a token for ten minutes; a call with it; a call as a dashboard user
    R=$(curl -sS -u '{key}:{secret}' -d grant_type=client_credentials {sandbox}/api/token); echo "$R"
    T=$(echo "$R" | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
    curl -sS -w '\n' {sandbox}/api/a_secured_endpoint -H "Authorization: Bearer $T"
    curl -sS -w '\n' -X POST -u '{email}:{password}' {sandbox}/api/purchases/{purchase}/release
"#
    )
}

fn alternative(p: &Printed) -> String {
    let (sandbox, id, secret) = (&p.sandbox, &p.alternative.client_id, show(p.alternative.client_secret.as_ref()));
    let (customer, invoice) = (&p.alternative.customer_id, &p.alternative.invoice_id);
    format!(
        r#"Alternative Payments: an access token; a checkout token for one invoice; the invoice as the browser sees it
    R=$(curl -sS -u '{id}:{secret}' -d grant_type=client_credentials {sandbox}/oauth/token); echo "$R"
    T=$(echo "$R" | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
    R=$(curl -sS {sandbox}/v1/checkout-auth/init -H "Authorization: Bearer $T" -H 'Content-Type: application/json' -d '{{"customer_id":"{customer}","invoice_id":"{invoice}"}}'); echo "$R"
    T=$(echo "$R" | sed 's/.*"token":"\([^"]*\)".*/\1/')
    curl -sS -w '\n' {sandbox}/checkout/v1/invoice -H "Authorization: Bearer $T"
"#
    )
}

fn cardpluspay(p: &Printed) -> String {
    let (sandbox, key, item) = (&p.sandbox, show(p.cardpluspay.api_key.as_ref()), p.cardpluspay.item_id);
    let signed = show(p.cardpluspay.signed_api_key.as_ref());
    let der = p.cardpluspay.private_key_pem.as_deref().and_then(der_base64).unwrap_or_default();
    format!(
        r#"CardPlusPay: an order; then, with a second merchant that signs its requests, a challenge and its answer
    curl -sS -w '\n' {sandbox}/v1/orders -H 'X-API-Key: {key}' -H 'Content-Type: application/json' -d '{{"item_id":{item},"quantity":1,"email":"ana@shop.example"}}'
    C=$(curl -sS -X POST {sandbox}/v1/auth/challenge -H 'X-API-Key: {signed}' | sed 's/.*"challenge":"\([^"]*\)".*/\1/'); echo "$C"
    K=$(mktemp) && echo {der} | base64 -d > "$K"
    S=$(printf %s "$C" | openssl dgst -sha256 -sign "$K" -keyform DER | base64 -w0); rm "$K"
    curl -sS -w '\n' {sandbox}/v1/balance -H 'X-API-Key: {signed}' -H "X-API-Challenge: $C" -H "X-API-Signature: $S"
"#
    )
}

fn show(value: Option<&String>) -> &str {
    value.map_or("-", String::as_str)
}

/// PEM without its frame, on one line.
fn der_base64(pem: &str) -> Option<String> {
    let text: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(&text).is_ok().then_some(text)
}
