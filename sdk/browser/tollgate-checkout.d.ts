/** What the payment page says, by `postMessage` from its own origin. */
export type CheckoutEvent =
  | { type: "payment.ready"; requestId: number }
  | { type: "payment.success"; requestId: number; successUrl?: string }
  | { type: "payment.failure"; requestId: number; failureUrl?: string; reason: "declined" | "token_expired" | "error" }
  | { type: "payment.cancel"; requestId: number }
  | { type: "payment.pending"; requestId: number };

type EventOf<T extends CheckoutEvent["type"]> = Extract<CheckoutEvent, { type: T }>;

export interface OpenCheckoutOptions {
  /** The id of the payment request. */
  requestId: number;
  /** The checkout token that your server made for it. It is good for 900 seconds and for this request only. */
  token: string;
  /** Where the page goes; without it the page opens over yours, as a dialog. */
  container?: Element | null;
  /** Where Tollgate is; by default where this module came from. */
  baseUrl?: string;
  /** What a screen reader calls the frame; "Payment" by default. */
  title?: string;
  /** Height of the frame in CSS pixels; 640 by default. */
  height?: number;
  /** Milliseconds after which a page that says nothing counts as failed; 15000 by default, 0 for never. */
  readyTimeout?: number;
  onReady?: (event: EventOf<"payment.ready">) => void;
  onSuccess?: (event: EventOf<"payment.success">) => void;
  onFailure?: (event: EventOf<"payment.failure">) => void;
  onCancel?: (event: EventOf<"payment.cancel">) => void;
  onPending?: (event: EventOf<"payment.pending">) => void;
}

export interface OpenCheckout {
  /** Removes the page and stops listening; calling it twice does no harm. */
  destroy(): void;
  /** The frame, or the dialog around it. */
  readonly element: HTMLIFrameElement | HTMLDialogElement;
}

/** Embeds the payment page of one payment request. Throws `TypeError` for options that cannot work. */
export function openCheckout(options: OpenCheckoutOptions): OpenCheckout;

/** A new token: its text, or the answer of `POST /v1/checkout-auth/init` as it is. */
export type FreshToken = string | { token: string; expires_at?: number };

export interface CheckoutClientOptions {
  /** The checkout token that your server made for one customer and one invoice. */
  accessToken: string;
  /** The token's `expires_at`, Unix seconds; with it a new token is asked for before the old one is over. */
  expiresAt?: number;
  /** Which of several base URLs counts; "production" by default. */
  environment?: string;
  /** Where Tollgate is, or one address for each environment; by default where this module came from. */
  baseUrl?: string | Record<string, string>;
  /** Milliseconds for one attempt; 10000 by default. */
  timeout?: number;
  /** Attempts after the first, for network errors, 429 and 5xx; 2 by default. */
  retries?: number;
  /** Asks your server for a new token. It is called once for all calls that wait for it. */
  onAccessTokenExpired?: (() => Promise<FreshToken>) | null;
}

export interface CallOptions {
  /** Ends this call; others that wait for the same new token go on. */
  signal?: AbortSignal;
}

export interface PayOptions extends CallOptions {
  /** 1 to 255 visible ASCII characters; a new random one by default. */
  idempotencyKey?: string;
}

export interface Invoice {
  id: string;
  invoice_number: string;
  customer_id: string;
  status: "open" | "processing" | "paid" | "archived";
  /** ISO 4217. */
  currency: string;
  /** A decimal string, as every amount. */
  sub_total: string;
  total: string;
  /** `YYYY-MM-DD`. */
  due_date: string;
  /** RFC 3339, UTC. */
  created_at: string;
}

export interface PaymentMethod {
  id: string;
  type: "card" | "bank";
  brand?: string;
  last4: string;
  exp_month?: number;
  exp_year?: number;
}

export interface NewPayment {
  /** The total of the invoice, as it stands there. */
  amount: string;
  paymentMethod: "card" | "bank";
  /** The `id` of a payment method. */
  paymentMethodId: string;
  /** `YYYY-MM-DD`; today in UTC by default. */
  paymentDate?: string;
}

export interface Payment {
  id: string;
  invoice_id: string;
  status: "succeeded";
  amount: string;
  currency: string;
  created_at: string;
}

/** Calls the checkout API with a token for one customer and one invoice. The token stays in memory. */
export class CheckoutClient {
  constructor(options: CheckoutClientOptions);
  invoice(options?: CallOptions): Promise<Invoice>;
  invoicePdfLink(options?: CallOptions): Promise<{ url: string }>;
  paymentMethods(options?: CallOptions): Promise<PaymentMethod[]>;
  pay(payment: NewPayment, options?: PayOptions): Promise<Payment>;
  /** Ends every call that is under way and forgets the token. */
  destroy(): void;
}

/** Why a call has no good answer. It holds no token. */
export class CheckoutError extends Error {
  /** The HTTP status; 0 without an answer. */
  readonly statusCode: number;
  /** The server's code, or `network`, `timeout`, `invalid_answer`, `destroyed`; empty when there is none. */
  readonly code: string;
  /** `X-Request-Id` of the answer. */
  readonly requestId: string | null;
  readonly validationErrors: Record<string, "required" | "invalid" | "not_allowed">;
  /** Seconds that the server asked to wait. */
  readonly retryAfter: number | null;
}

/** The access token is over and there is no new one; `statusCode` is 401. */
export class AccessTokenExpiredError extends CheckoutError {}
