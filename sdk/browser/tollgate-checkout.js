// tollgate-checkout 0.1.0 | MIT OR Apache-2.0
// One module, no dependencies, two ways to pay: `openCheckout` embeds the payment page of a payment request,
// `CheckoutClient` pays an invoice from the shop's own page. Tokens stay in memory; nothing here writes them to storage,
// to the console, to the address of a call or into the document.

/** The five events of the payment page, and the callback that each one calls. */
const EVENTS = {
  "payment.ready": "onReady",
  "payment.success": "onSuccess",
  "payment.failure": "onFailure",
  "payment.cancel": "onCancel",
  "payment.pending": "onPending",
};

/** Why a call has no good answer. `code` is the server's, or `network`, `timeout`, `invalid_answer`, `destroyed`. */
export class CheckoutError extends Error {
  constructor(message, { statusCode = 0, code = "", requestId = null, validationErrors = {}, retryAfter = null, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "CheckoutError";
    Object.assign(this, { statusCode, code, requestId, validationErrors, retryAfter });
  }
}

/** The access token is over and there is no new one. */
export class AccessTokenExpiredError extends CheckoutError {
  constructor(options = {}) {
    super("the access token has expired", { code: "unauthorized", ...options, statusCode: 401 });
    this.name = "AccessTokenExpiredError";
  }
}

/** An https base URL, or a plain one on this machine; without the slash at the end. */
function checkedBase(text) {
  const url = new URL(text);
  const local = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && local)) throw new TypeError("baseUrl must be https");
  if (url.username || url.password || url.search || url.hash) throw new TypeError("baseUrl must be an origin and a path");
  return url.origin + url.pathname.replace(/\/+$/, "");
}

const ownOrigin = () => new URL(import.meta.url).origin;

// ---- the payment page in a frame

/**
 * Embeds the payment page of one payment request, in `container` or, without one, over the page.
 * @param {import("./tollgate-checkout.js").OpenCheckoutOptions} options
 */
export function openCheckout(options) {
  const { requestId, token, container = null, baseUrl = ownOrigin(), title = "Payment", height = 640 } = options;
  const { readyTimeout = 15_000 } = options;
  if (!Number.isSafeInteger(requestId) || requestId < 1) throw new TypeError("requestId must be a positive integer");
  if (typeof token !== "string" || token === "") throw new TypeError("token is required");
  if (container !== null && !container.isConnected) throw new TypeError("container must be in the document");
  const base = checkedBase(baseUrl);
  const origin = new URL(base).origin;

  const frame = document.createElement("iframe");
  frame.title = title;
  frame.referrerPolicy = "no-referrer";
  Object.assign(frame.style, { width: "100%", height: `${height}px`, border: "0", colorScheme: "normal" });

  let over = false;
  let timer = null;
  let dialog = null;

  const call = (event) => options[EVENTS[event.type]]?.(event);
  const onMessage = (message) => {
    // Both must hold: the origin says whose page it is, the source that it is the one in this frame.
    if (message.source === null || message.source !== frame.contentWindow || message.origin !== origin) return;
    const event = readEvent(message.data, requestId);
    if (event === null) return;
    clearTimeout(timer);
    if (event.type === "payment.cancel" && dialog !== null) destroy();
    call(event);
  };
  const destroy = () => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    window.removeEventListener("message", onMessage);
    dialog?.close();
    (dialog ?? frame).remove();
  };

  window.addEventListener("message", onMessage);
  if (container === null) {
    dialog = document.createElement("dialog");
    dialog.setAttribute("aria-label", title);
    Object.assign(dialog.style, {
      width: "min(28rem, 100vw)", maxWidth: "none", maxHeight: "100dvh", padding: "0", border: "0",
      borderRadius: "16px", overflow: "hidden", boxShadow: "0 24px 64px rgb(0 0 0 / 28%)",
    });
    frame.style.display = "block";
    frame.style.maxHeight = "100dvh";
    dialog.addEventListener("cancel", (closing) => {
      closing.preventDefault();
      destroy();
      call({ type: "payment.cancel", requestId });
    });
    dialog.append(frame);
    document.body.append(dialog);
    dialog.showModal();
  } else {
    container.append(frame);
  }
  // Not by `src`: what stands in the document is read by whatever records documents.
  const query = new URLSearchParams({ requestId: String(requestId), token, embedded: "true" });
  frame.contentWindow.location.replace(`${base}/main?${query}`);
  if (readyTimeout > 0) {
    timer = setTimeout(() => call({ type: "payment.failure", requestId, reason: "error" }), readyTimeout);
  }
  return { destroy, element: dialog ?? frame };
}

/** An event of the payment page with the members it may have and no other; `null` for anything else. */
function readEvent(data, requestId) {
  if (typeof data !== "object" || data === null || !Object.hasOwn(EVENTS, data.type)) return null;
  if (data.requestId !== requestId) return null;
  const event = { type: data.type, requestId };
  for (const name of ["successUrl", "failureUrl", "reason"]) {
    if (typeof data[name] === "string") event[name] = data[name];
  }
  return event;
}

// ---- the checkout API of one invoice

/** Seconds before the end of a token at which a new one is asked for. */
const AHEAD = 30;
/** The longest wait that a server may ask for, in seconds; a longer one is the caller's to decide. */
const LONGEST_WAIT = 60;

/** Calls the checkout API with a token for one customer and one invoice. */
export class CheckoutClient {
  #token;
  #usable = Infinity;
  #flight = null;
  #base;
  #timeout;
  #retries;
  #renew;
  #over = new AbortController();

  /** @param {import("./tollgate-checkout.js").CheckoutClientOptions} options */
  constructor(options) {
    const { accessToken, expiresAt, environment = "production", baseUrl = ownOrigin() } = options ?? {};
    const { timeout = 10_000, retries = 2, onAccessTokenExpired = null } = options ?? {};
    if (typeof accessToken !== "string" || accessToken === "") throw new TypeError("accessToken is required");
    const base = typeof baseUrl === "string" ? baseUrl : baseUrl[environment];
    if (typeof base !== "string") throw new TypeError("baseUrl has no such environment");
    this.#base = checkedBase(base);
    this.#timeout = timeout;
    this.#retries = retries;
    this.#renew = onAccessTokenExpired;
    this.#take(accessToken, expiresAt);
  }

  /** The invoice of the token. */
  invoice(options) {
    return this.#call("GET", "/invoice", null, options);
  }

  /** A link to the invoice as a document, valid for five minutes. */
  invoicePdfLink(options) {
    return this.#call("GET", "/invoice/pdf-link", null, options);
  }

  /** What the customer of the token can pay with. */
  paymentMethods(options) {
    return this.#call("GET", "/payment-methods", null, options);
  }

  /** Pays the invoice in full. A repetition with the same `idempotencyKey` is the same payment. */
  pay({ amount, paymentMethod, paymentMethodId, paymentDate = today() }, options = {}) {
    const body = {
      amount, payment_date: paymentDate, payment_method: paymentMethod, payment_method_id: paymentMethodId,
    };
    return this.#call("POST", "/payments", body, { idempotencyKey: randomKey(), ...options });
  }

  /** Ends every call that is under way and forgets the token. */
  destroy() {
    this.#token = "";
    this.#over.abort(new CheckoutError("the client was destroyed", { code: "destroyed" }));
  }

  async #call(method, path, body, { signal, idempotencyKey } = {}) {
    const ended = signal === undefined ? this.#over.signal : anySignal([this.#over.signal, signal]);
    let renewed = false;
    let tries = 0;
    // Before its end a token is renewed by one attempt; if that fails, the old one serves as long as it lives.
    const due = this.#renew !== null && performance.now() >= this.#usable;
    if (due) this.#usable = Infinity;
    if (due || this.#flight !== null) await until(this.#fresh().catch(() => {}), ended);
    for (;;) {
      ended.throwIfAborted();
      const token = this.#token;
      const answer = await this.#send(method, path, body, token, idempotencyKey, ended);
      if (answer instanceof CheckoutError) {
        if (tries++ >= this.#retries) throw answer;
        await sleep(backoff(tries), ended);
      } else if (answer.ok) {
        return await read(answer);
      } else if (answer.status === 401) {
        if (renewed) throw new AccessTokenExpiredError(await described(answer));
        renewed = true;
        // Another call may have brought the new token while this one was under way.
        if (token === this.#token) await until(this.#fresh(), ended);
      } else if (answer.status === 429 || answer.status >= 500) {
        const error = new CheckoutError("the server is busy", await described(answer));
        if (tries++ >= this.#retries || error.retryAfter > LONGEST_WAIT) throw error;
        await sleep(error.retryAfter === null ? backoff(tries) : error.retryAfter * 1000, ended);
      } else {
        throw new CheckoutError("the call was refused", await described(answer));
      }
    }
  }

  /** One attempt: the answer, or the error that a further attempt may cure. */
  async #send(method, path, body, token, idempotencyKey, ended) {
    const headers = { Authorization: `Bearer ${token}` };
    if (body !== null) headers["Content-Type"] = "application/json";
    if (idempotencyKey !== undefined) headers["Idempotency-Key"] = idempotencyKey;
    const slow = new AbortController();
    const timer = setTimeout(() => slow.abort(), this.#timeout);
    try {
      const answer = await fetch(`${this.#base}/checkout/v1${path}`, {
        method, headers, body: body === null ? undefined : JSON.stringify(body), signal: anySignal([ended, slow.signal]),
        cache: "no-store", credentials: "omit", mode: "cors", redirect: "error", referrerPolicy: "no-referrer",
      });
      // The body belongs to the attempt: a connection that breaks half-way is one more network error.
      return { ok: answer.ok, status: answer.status, headers: answer.headers, text: await answer.text() };
    } catch {
      ended.throwIfAborted();
      const timedOut = slow.signal.aborted;
      return new CheckoutError(timedOut ? "the server did not answer in time" : "the server could not be reached", {
        code: timedOut ? "timeout" : "network",
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Asks for a new token, once for all who wait; every one of them gets its own error. */
  async #fresh() {
    this.#flight ??= this.#ask().finally(() => { this.#flight = null; });
    try {
      await this.#flight;
    } catch (cause) {
      throw new AccessTokenExpiredError({ cause });
    }
  }

  async #ask() {
    if (this.#renew === null) throw new Error("there is no onAccessTokenExpired");
    const old = this.#token;
    const given = await this.#renew();
    const { token, expires_at: expiresAt } = typeof given === "object" && given !== null ? given : { token: given };
    if (typeof token !== "string" || token === "") throw new Error("onAccessTokenExpired gave no token");
    if (token === old) throw new Error("onAccessTokenExpired gave the same token");
    if (!this.#over.signal.aborted) this.#take(token, expiresAt);
  }

  /** Keeps a token. An end that this clock puts in the past says that the clock is wrong, not that the token is over. */
  #take(token, expiresAt) {
    this.#token = token;
    const left = Number.isFinite(expiresAt) ? expiresAt - Date.now() / 1000 : 0;
    const ahead = Math.min(AHEAD, left / 2);
    this.#usable = left > 0 ? performance.now() + (left - ahead) * 1000 : Infinity;
  }
}

function read({ text, status, headers }) {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const requestId = headers.get("X-Request-Id");
    throw new CheckoutError("the answer is not JSON", { statusCode: status, code: "invalid_answer", requestId, cause });
  }
}

function described({ text, status, headers }) {
  let body = null;
  try {
    body = JSON.parse(text);
  } catch {
    // An error page of something between us and the server; its status says enough.
  }
  return {
    statusCode: status,
    code: typeof body?.code === "string" ? body.code : "",
    requestId: headers.get("X-Request-Id"),
    validationErrors: body?.validation_errors ?? {},
    retryAfter: retryAfter(headers.get("Retry-After")),
  };
}

/** Seconds, from either form of the header (RFC 9110 §10.2.3). */
function retryAfter(value) {
  if (value === null) return null;
  const seconds = /^\d{1,9}$/.test(value) ? Number(value) : Math.ceil((Date.parse(value) - Date.now()) / 1000);
  return Number.isFinite(seconds) ? Math.max(seconds, 1) : null;
}

/** 0.5 s, 1 s, 2 s and so on, half of it by chance, so that many pages do not come back as one. */
function backoff(tries) {
  const full = Math.min(500 * 2 ** (tries - 1), 8000);
  return full / 2 + (Math.random() * full) / 2;
}

function sleep(ms, signal) {
  return until(new Promise((resolve) => setTimeout(resolve, ms)), signal);
}

/** The promise, or the abort of whoever waits for it; the others who wait go on. */
function until(promise, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

function anySignal(signals) {
  if (AbortSignal.any) return AbortSignal.any(signals);
  const either = new AbortController();
  for (const signal of signals) {
    if (signal.aborted) either.abort(signal.reason);
    else signal.addEventListener("abort", () => either.abort(signal.reason), { once: true, signal: either.signal });
  }
  return either.signal;
}

function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function today() {
  return new Date().toISOString().slice(0, 10);
}
