//! Who may mint.

use core::marker::PhantomData;

/// Marks a type as the proof that this request came with a server-side credential, such as an API key.
///
/// Implement it on the type that only your authentication can build, never on one that anybody can construct.
/// It cannot be implemented for what a browser token yields, as trait and type both belong to this crate:
///
/// ```compile_fail,E0117
/// use tollgate_checkout_scope::{Permit, ServerCredential};
///
/// impl ServerCredential for Permit<u64> {}
/// ```
///
/// The same line for a type of your own is fine:
///
/// ```
/// use tollgate_checkout_scope::ServerCredential;
///
/// /// Made by the API-key check and by nothing else.
/// pub struct VerifiedApiKey(());
///
/// impl ServerCredential for VerifiedApiKey {}
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no proof of a server-side credential",
    label = "cannot mint checkout tokens",
    note = "a token that a browser holds must never make another token"
)]
pub trait ServerCredential {}

/// The right to mint, held while the proof of a server-side credential is held.
///
/// [`mint`](crate::mint()) and [`MintedClaims::new`](crate::MintedClaims::new) ask for it, so that a handler which
/// was reached with a browser token has nothing to call them with. It is neither `Clone` nor storable: it lives no
/// longer than the proof it came from.
///
/// A [`Permit`](crate::Permit) gives no way to one:
///
/// ```compile_fail,E0277
/// use tollgate_checkout_scope::{MintAuthority, Permit};
///
/// fn renew(permit: &Permit<u64>) {
///     let authority = MintAuthority::for_server_credential(permit);
/// }
/// ```
///
/// and it cannot stand in for one:
///
/// ```compile_fail,E0308
/// use time::OffsetDateTime;
/// use tollgate_checkout_scope::{Permit, Ttl, mint};
///
/// fn renew(permit: &Permit<u64>, now: OffsetDateTime) {
///     let _ = mint(permit, 7_u64, Ttl::LONGEST, now, |_: &mut [u8]| Ok::<(), ()>(()));
/// }
/// ```
///
/// nor can the authority outlive the request:
///
/// ```compile_fail,E0106
/// struct State {
///     authority: tollgate_checkout_scope::MintAuthority,
/// }
/// ```
#[derive(Debug)]
#[must_use]
pub struct MintAuthority<'proof> {
    proof: PhantomData<&'proof ()>,
}

impl<'proof> MintAuthority<'proof> {
    /// Derives the right from a proof. This is the line to review: the scope of the credential (may *this* key mint,
    /// and for *this* object?) is checked before it.
    pub fn for_server_credential<C: ServerCredential + ?Sized>(_credential: &'proof C) -> Self {
        Self { proof: PhantomData }
    }
}
