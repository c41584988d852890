//! Sample payment objects: what the tokens are scoped to. This is not a payment engine.

mod amount;
mod charge;
mod country;
mod in_flight;
mod invoice;
mod money;
mod order;
mod payment_request;
mod samples;

pub use amount::{Amount, Currency};
pub use charge::{Charge, NewCharge};
pub use country::is_country;
pub use in_flight::{CallKey, InFlight, Running};
pub use invoice::{Invoice, InvoiceStatus, NewInvoicePayment, PaymentMethod, PaymentMethodType, parse_date};
pub use money::Money;
pub use order::{Direction, ItemRef, NewOrder, Order, OrderKey, OrderList, OrderStatus, SealedCodes};
pub use payment_request::{NewPaymentRequest, PaymentRequest, PaymentRequestStatus, Transaction, TransactionStatus};
pub use samples::{Item, Purchase};

/// Reads the one decimal spelling of an object id: digits only, no leading zero, 1 to 2^53 − 1.
#[must_use]
pub fn parse_id(text: &str) -> Option<i64> {
    const MAX_ID: i64 = (1 << 53) - 1;
    let canonical = !text.is_empty() && text.len() <= 16 && !text.starts_with('0');
    if !canonical || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|id| (1..=MAX_ID).contains(id))
}

#[cfg(test)]
mod tests {
    use super::parse_id;

    #[test]
    fn reads_one_spelling_of_an_id() {
        assert_eq!(parse_id("1"), Some(1));
        assert_eq!(parse_id("9007199254740991"), Some((1 << 53) - 1));
        for text in ["", "0", "01", "+1", "-1", "1.0", "1e3", " 1", "9007199254740992", "99999999999999999999", "x"] {
            assert_eq!(parse_id(text), None, "{text:?}");
        }
    }
}
