// The demo shop's page: both ways to pay, and a list of what happened.

const { api, sdk } = document.body.dataset;
const { AccessTokenExpiredError, CheckoutClient, openCheckout } = await import(sdk);

const log = document.querySelector("#log");
const holder = document.querySelector("#frame");
const invoiceView = document.querySelector("#invoice");

let open = null;
let client = null;
let token = "";
let invoice = null;

function say(text) {
  const line = document.createElement("li");
  line.textContent = text;
  log.append(line);
  log.parentElement.scrollTop = log.parentElement.scrollHeight;
}

/** Calls the shop's own server. */
async function shop(path, body = {}) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.error);
  return content;
}

function clear() {
  open?.destroy();
  open = null;
  client?.destroy();
  client = null;
  invoiceView.hidden = true;
  document.querySelector("#idle").hidden = true;
}

async function openPage(container) {
  clear();
  const { requestId, token: checkoutToken } = await shop("/session");
  const tell = (event) => say([event.type, event.reason].filter(Boolean).join(": "));
  open = openCheckout({
    requestId,
    token: checkoutToken,
    container,
    baseUrl: api,
    title: "Payment to Demo Shop",
    onReady: tell,
    onSuccess: tell,
    onFailure: tell,
    onCancel: tell,
    onPending: tell,
  });
}

async function openInvoice() {
  clear();
  const first = await shop("/invoice");
  token = first.token;
  client = new CheckoutClient({
    accessToken: first.token,
    expiresAt: first.expires_at,
    baseUrl: api,
    environment: "sandbox",
    onAccessTokenExpired: async () => {
      say("onAccessTokenExpired");
      const fresh = await shop("/token");
      token = fresh.token;
      return fresh;
    },
  });
  await showInvoice();
  invoiceView.hidden = false;
}

async function showInvoice() {
  invoice = await client.invoice();
  const fields = {
    number: invoice.invoice_number,
    due: invoice.due_date,
    status: invoice.status,
    total: `${invoice.total} ${invoice.currency}`,
  };
  for (const [name, text] of Object.entries(fields)) document.querySelector(`[data-field=${name}]`).textContent = text;
  const button = document.querySelector("[data-act=pay]");
  button.textContent = `Pay ${fields.total}`;
  button.disabled = invoice.status !== "open";
  say(`invoice is ${invoice.status}`);
}

async function payInvoice() {
  const [method] = await client.paymentMethods();
  const payment = await client.pay({ amount: invoice.total, paymentMethod: method.type, paymentMethodId: method.id });
  say(`payment ${payment.status}`);
  await showInvoice();
}

async function readTen() {
  await Promise.all(Array.from({ length: 10 }, () => client.invoice()));
  say("ten answers");
}

async function revoke() {
  await shop("/revoke", { token });
  say("the token is dead");
}

const acts = {
  inline: () => openPage(holder),
  modal: () => openPage(null),
  invoice: openInvoice,
  pay: payInvoice,
  revoke,
  reload: readTen,
};

for (const button of document.querySelectorAll("[data-act]")) {
  button.addEventListener("click", async () => {
    try {
      await acts[button.dataset.act]();
    } catch (error) {
      say(error instanceof AccessTokenExpiredError ? "the token is over" : error.message);
    }
  });
}
document.body.dataset.ready = "true";
