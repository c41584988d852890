use std::fmt;

use jsonwebtoken::jwk::{
    AlgorithmParameters, CommonParameters, EllipticCurve, EllipticCurveKeyParameters, EllipticCurveKeyType, Jwk,
    KeyAlgorithm, PublicKeyUse,
};
use ring::hmac;

use crate::compact;
use crate::crypto::{self, POINT_LEN, Point};
use crate::{Algorithm, KeyError, KeyErrorKind, Kid, SigningKey, VerifyError, VerifyErrorKind};

/// A named key that checks signatures; for HS256 it can also make them, so it is treated as secret.
pub struct VerifyingKey {
    kid: Kid,
    material: Material,
}

enum Material {
    Es256(Box<Point>),
    Hs256(Box<hmac::Key>),
}

impl VerifyingKey {
    /// An ES256 key from the 65 bytes of an uncompressed point, `0x04 || x || y` (SEC 1 §2.3.3).
    ///
    /// A point off the curve is not recognised here; such a key refuses every signature.
    ///
    /// # Errors
    ///
    /// [`Kid`](KeyErrorKind::Kid) or [`PublicKey`](KeyErrorKind::PublicKey).
    pub fn es256_from_public(kid: &str, sec1: &[u8]) -> Result<Self, KeyError> {
        let kid = Kid::parse(kid)?;
        match Point::try_from(sec1) {
            Ok(point) if sec1.first() == Some(&UNCOMPRESSED) => Ok(Self::from_point(kid, point)),
            _ => Err(KeyErrorKind::PublicKey.into()),
        }
    }

    /// An ES256 key from a JWK with `kid`, `kty` EC, `crv` P-256, `use` sig and `alg` ES256 where present, and no `key_ops`.
    ///
    /// # Errors
    ///
    /// [`Jwk`](KeyErrorKind::Jwk) for another kind of key, [`Kid`](KeyErrorKind::Kid), or
    /// [`PublicKey`](KeyErrorKind::PublicKey) for coordinates that are not 32 bytes in canonical base64url.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, KeyError> {
        let common = &jwk.common;
        let for_signatures = matches!(common.public_key_use, None | Some(PublicKeyUse::Signature))
            && matches!(common.key_algorithm, None | Some(KeyAlgorithm::ES256))
            && common.key_operations.is_none();
        let (AlgorithmParameters::EllipticCurve(curve), Some(kid), true) =
            (&jwk.algorithm, common.key_id.as_deref(), for_signatures)
        else {
            return Err(KeyErrorKind::Jwk.into());
        };
        if curve.curve != EllipticCurve::P256 {
            return Err(KeyErrorKind::Jwk.into());
        }
        let mut sec1 = Vec::with_capacity(POINT_LEN);
        sec1.push(UNCOMPRESSED);
        for coordinate in [&curve.x, &curve.y] {
            let bytes = compact::decode_exact::<COORDINATE_LEN>(coordinate).ok_or(KeyErrorKind::PublicKey)?;
            sec1.extend_from_slice(&bytes);
        }
        Self::es256_from_public(kid, &sec1)
    }

    /// An HS256 key, with the bounds of [`SigningKey::hs256`].
    ///
    /// # Errors
    ///
    /// [`Kid`](KeyErrorKind::Kid) or [`Secret`](KeyErrorKind::Secret).
    pub fn hs256(kid: &str, secret: &[u8]) -> Result<Self, KeyError> {
        SigningKey::hs256(kid, secret).map(|key| key.verifying_key())
    }

    pub(crate) fn from_point(kid: Kid, point: Point) -> Self {
        Self { kid, material: Material::Es256(Box::new(point)) }
    }

    pub(crate) fn from_mac_key(kid: Kid, key: hmac::Key) -> Self {
        Self { kid, material: Material::Hs256(Box::new(key)) }
    }

    /// The name in the `kid` member.
    #[must_use]
    pub fn kid(&self) -> &Kid {
        &self.kid
    }

    /// The one algorithm of this key.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Es256(_) => Algorithm::Es256,
            Material::Hs256(_) => Algorithm::Hs256,
        }
    }

    /// The raw check of a signature over bytes, without any rule about tokens: 64 bytes for ES256, 32 for HS256.
    ///
    /// [`KeyRing::verify`](crate::KeyRing::verify) is what a token needs.
    ///
    /// # Errors
    ///
    /// [`Signature`](VerifyErrorKind::Signature) for a wrong length or value.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), VerifyError> {
        let matches = match &self.material {
            Material::Es256(point) => crypto::ecdsa_matches(point, message, signature),
            Material::Hs256(key) => crypto::mac_matches(key, message, signature).into(),
        };
        if matches { Ok(()) } else { Err(VerifyErrorKind::Signature.into()) }
    }

    /// The public half for a key set; `None` for HS256, whose key is never published.
    #[must_use]
    pub fn to_jwk(&self) -> Option<Jwk> {
        let Material::Es256(point) = &self.material else {
            return None;
        };
        let (x, y) = point.get(1..)?.split_at_checked(COORDINATE_LEN)?;
        Some(Jwk {
            common: CommonParameters {
                public_key_use: Some(PublicKeyUse::Signature),
                key_algorithm: Some(KeyAlgorithm::ES256),
                key_id: Some(self.kid.to_string()),
                ..CommonParameters::default()
            },
            algorithm: AlgorithmParameters::EllipticCurve(EllipticCurveKeyParameters {
                key_type: EllipticCurveKeyType::EC,
                curve: EllipticCurve::P256,
                x: compact::encode(x),
                y: compact::encode(y),
            }),
        })
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifyingKey(***)")
    }
}

const UNCOMPRESSED: u8 = 0x04;
const COORDINATE_LEN: usize = 32;
