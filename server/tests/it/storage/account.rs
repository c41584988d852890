//! Merchants, users, credentials and keys on every database.

use tollgate::account::{CredentialKind, EmailAddress, Merchant, MerchantStatus, SecretPurpose};
use tollgate::storage::ChangeRefusal;
use tollgate_apikey::{KeyDigest, Mode, Overlap, Scopes, Status};
use tollgate_client_address::IpList;

use super::Backend;
use super::samples::{
    MODE, client, credential, entry, in_s, key_id, merchant, merchant_id, now, rsa_key, secret, stored_merchant, user,
};

super::on_each!(Sqlite in sqlite, Postgres in postgres => {
    a_client_and_its_secret_are_read_as_stored,
    a_credential_dies_once_and_keeps_the_first_time,
    a_digest_is_replaced_only_where_it_is_still_the_old_one,
    a_merchant_is_read_as_stored_and_changed,
    a_new_credential_inherits_from_the_one_made_last,
    a_replaced_credential_that_was_revoked_stays_dead,
    a_user_is_read_as_stored_and_changed,
    keys_and_secrets_come_in_their_order,
    settings_and_aliases_are_of_one_merchant_and_mode,
});

#[track_caller]
fn same(found: Option<Merchant>, expected: &Merchant) {
    assert_eq!(format!("{:?}", found.unwrap()), format!("{expected:?}"));
}

async fn a_merchant_is_read_as_stored_and_changed(db: Backend) {
    let vault = &db.vault;
    assert!(vault.merchant(&merchant_id(1)).await.unwrap().is_none());
    let mut first = merchant(1);
    vault.insert_merchant(&merchant(2), "7.50").await.unwrap();
    vault.insert_merchant(&first, "100.00").await.unwrap();
    same(vault.merchant(&first.id).await.unwrap(), &first);
    assert!(vault.insert_merchant(&first, "1.00").await.is_err(), "an id is given once");

    first.status = MerchantStatus::Suspended;
    first.ip_list = IpList::unrestricted();
    first.domains = Vec::new();
    vault.update_merchant(&first).await.unwrap();
    same(vault.merchant(&first.id).await.unwrap(), &first);
    let ids: Vec<_> = vault.merchants().await.unwrap().into_iter().map(|merchant| merchant.id).collect();
    assert_eq!(ids, [merchant_id(1), merchant_id(2)], "oldest first");
    for mode in [Mode::Live, Mode::Test] {
        assert_eq!(vault.balance(&first.id, mode).await.unwrap().as_deref(), Some("100.00"));
    }
    assert_eq!(vault.balance(&merchant_id(9), MODE).await.unwrap(), None);
}

async fn settings_and_aliases_are_of_one_merchant_and_mode(db: Backend) {
    let (vault, id, other) = (&db.vault, stored_merchant(&db, 1).await, stored_merchant(&db, 2).await);
    for value in ["true", "false"] {
        vault.set_setting(&id, MODE, "signing", value).await.unwrap();
        assert_eq!(vault.setting(&id, MODE, "signing").await.unwrap().as_deref(), Some(value));
    }
    assert_eq!(vault.setting(&id, Mode::Live, "signing").await.unwrap(), None);
    assert_eq!(vault.setting(&other, MODE, "signing").await.unwrap(), None);

    vault.insert_alias(&id, MODE, "mer", "mer_1").await.unwrap();
    assert!(vault.insert_alias(&other, MODE, "mer", "mer_1").await.is_err(), "an alias is handed out once");
    assert_eq!(vault.alias(&id, MODE, "mer").await.unwrap().as_deref(), Some("mer_1"));
    assert_eq!(vault.alias(&other, MODE, "mer").await.unwrap(), None);
    assert_eq!(vault.merchant_by_alias("mer", "mer_1", MODE).await.unwrap(), Some(id));
    assert_eq!(vault.merchant_by_alias("mer", "mer_1", Mode::Live).await.unwrap(), None);
    assert_eq!(vault.merchant_by_alias("cus", "mer_1", MODE).await.unwrap(), None);
}

async fn a_user_is_read_as_stored_and_changed(db: Backend) {
    let (vault, id, other) = (&db.vault, stored_merchant(&db, 1).await, stored_merchant(&db, 2).await);
    let first = vault.insert_user(&user(&id, "a@shop.example"), now()).await.unwrap();
    let second = vault.insert_user(&user(&id, "b@shop.example"), now()).await.unwrap();
    assert_ne!(first, second);
    assert!(vault.insert_user(&user(&other, "a@shop.example"), now()).await.is_err(), "an address is one user's");

    let mut found = vault.user(first).await.unwrap().unwrap();
    assert_eq!(
        (found.id, &found.merchant, found.generation, found.disabled, found.api_basic),
        (first, &id, 1, false, true)
    );
    (found.generation, found.disabled, found.api_basic) = (2, true, false);
    vault.update_user(&found).await.unwrap();
    vault.move_user(first, &other).await.unwrap();
    let email = EmailAddress::new("a@shop.example").unwrap();
    let found = vault.user_by_email(&email).await.unwrap().unwrap();
    assert_eq!(
        (found.id, found.merchant, found.generation, found.disabled, found.api_basic),
        (first, other, 2, true, false)
    );
    assert!(!vault.user(second).await.unwrap().unwrap().disabled, "nobody else changed");
    assert!(vault.user_by_email(&EmailAddress::new("c@shop.example").unwrap()).await.unwrap().is_none());
}

async fn a_client_and_its_secret_are_read_as_stored(db: Backend) {
    let (vault, id) = (&db.vault, stored_merchant(&db, 1).await);
    let client = client(&id, 5);
    let mut first = credential(&id, 6);
    (first.kind, first.client) = (CredentialKind::ClientSecret, Some(client.id));
    db.directory.create_client(&client, &first, &entry("client.made")).await.unwrap().unwrap();
    let found = vault.client(key_id(5)).await.unwrap().unwrap();
    assert_eq!(format!("{found:?}"), format!("{client:?}"));
    assert!(vault.client(key_id(6)).await.unwrap().is_none());

    let mut stored = credential(&id, 7);
    (stored.kind, stored.client) = (CredentialKind::ClientSecret, Some(client.id));
    vault.insert_credential(&stored).await.unwrap();
    let found = vault.credential(key_id(7)).await.unwrap().unwrap();
    assert_eq!(format!("{found:?}"), format!("{stored:?}"));
    assert_eq!(found.digest, [7; 32]);

    stored.id = key_id(8);
    stored.client = Some(key_id(99));
    assert!(vault.insert_credential(&stored).await.is_err(), "a secret belongs to a client");
}

async fn a_credential_dies_once_and_keeps_the_first_time(db: Backend) {
    let (vault, id) = (&db.vault, stored_merchant(&db, 1).await);
    vault.insert_credential(&credential(&id, 1)).await.unwrap();
    for (at, ended) in [(in_s(10), true), (in_s(20), false)] {
        assert_eq!(db.directory.end_credential(key_id(1), at, &entry("key.revoked")).await.unwrap(), Ok(ended));
    }
    assert_eq!(db.directory.audit_head().await.unwrap().seq, 1, "what changed nothing is not told");
    let found = vault.credential(key_id(1)).await.unwrap().unwrap();
    assert_eq!(found.lifecycle.revoked_at(), Some(in_s(10)));
    let absent = db.directory.end_credential(key_id(2), now(), &entry("key.revoked")).await.unwrap();
    assert_eq!(absent, Err(ChangeRefusal::NotFound));
}

async fn a_digest_is_replaced_only_where_it_is_still_the_old_one(db: Backend) {
    let (vault, id) = (&db.vault, stored_merchant(&db, 1).await);
    vault.insert_credential(&credential(&id, 1)).await.unwrap();
    let digest = |version| KeyDigest::from_parts(version, [u8::try_from(version).unwrap(); 32]);
    vault.redigest(key_id(1), &digest(1), &digest(2)).await.unwrap();
    vault.redigest(key_id(1), &digest(1), &digest(3)).await.unwrap();
    let found = vault.credential(key_id(1)).await.unwrap().unwrap();
    assert_eq!((found.pepper_version, found.digest), (2, [2; 32]));
}

async fn a_new_credential_inherits_from_the_one_made_last(db: Backend) {
    let (vault, id) = (&db.vault, stored_merchant(&db, 1).await);
    let owner = vault.insert_user(&user(&id, "a@shop.example"), now()).await.unwrap();
    let of_owner = |n: u8, scopes: &str| {
        let mut credential = credential(&id, n);
        (credential.user, credential.scopes) = (Some(owner), Scopes::parse(scopes).unwrap());
        credential
    };
    // Neither the number nor the time tells which was made last.
    for new in [of_owner(9, "first"), of_owner(3, "last")] {
        db.directory.issue_credential(&new, &entry("key.issued")).await.unwrap().unwrap();
    }
    db.directory.end_credential(key_id(3), now(), &entry("key.revoked")).await.unwrap().unwrap();
    let (new, overlap) = (of_owner(5, "asked"), Overlap::new(60).unwrap());
    let replaced = db.directory.replace_credentials_of_user(&new, overlap, in_s(100), &entry("key.rotated")).await;
    assert_eq!(replaced.unwrap().unwrap().scopes.to_string(), "last", "as it was stored");
    let status = |n| async move { vault.credential(key_id(n)).await.unwrap().unwrap().lifecycle.status(in_s(100)) };
    assert_eq!(vault.credential(key_id(5)).await.unwrap().unwrap().scopes.to_string(), "last");
    assert_eq!(status(9).await, Status::Retiring { until: in_s(160) });
    assert_eq!((status(3).await, status(5).await), (Status::Revoked, Status::Active));
}

async fn a_replaced_credential_that_was_revoked_stays_dead(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    for round in 0..20_u8 {
        let owner = db.vault.insert_user(&user(&id, &format!("{round}@shop.example")), now()).await.unwrap();
        let of_owner = |n: u8| {
            let mut credential = credential(&id, n);
            credential.user = Some(owner);
            credential
        };
        db.vault.insert_credential(&of_owner(2 * round)).await.unwrap();
        let (replacing, revoking) = (db.directory.clone(), db.directory.clone());
        let new = of_owner(2 * round + 1);
        let (replaced, revoked) = tokio::join!(
            tokio::spawn(async move {
                replacing.replace_credentials_of_user(&new, Overlap::ONE_DAY, in_s(1), &entry("key.rotated")).await
            }),
            tokio::spawn(
                async move { revoking.end_credential(key_id(2 * round), in_s(1), &entry("key.revoked")).await }
            ),
        );
        assert!(replaced.unwrap().unwrap().is_ok());
        assert_eq!(revoked.unwrap().unwrap(), Ok(true));
        let old = db.vault.credential(key_id(2 * round)).await.unwrap().unwrap();
        assert_eq!(old.lifecycle.status(in_s(2)), Status::Revoked, "round {round}");
    }
}

async fn keys_and_secrets_come_in_their_order(db: Backend) {
    let (vault, id, other) = (&db.vault, stored_merchant(&db, 1).await, stored_merchant(&db, 2).await);
    for n in [2, 3, 1] {
        vault.insert_secret(&secret(&id, n)).await.unwrap();
        vault.insert_rsa_key(&rsa_key(&id, n)).await.unwrap();
    }
    vault.insert_secret(&secret(&other, 9)).await.unwrap();
    vault.insert_rsa_key(&rsa_key(&other, 9)).await.unwrap();
    let found = vault.secrets(&id, MODE, SecretPurpose::Webhook).await.unwrap();
    assert_eq!(found.iter().map(|secret| secret.sealed[2]).collect::<Vec<_>>(), [3, 2, 1], "newest first");
    assert_eq!(format!("{:?}", found[0]), format!("{:?}", secret(&id, 3)));
    assert!(vault.secrets(&id, MODE, SecretPurpose::PledgRequest).await.unwrap().is_empty());
    assert!(vault.secrets(&id, Mode::Live, SecretPurpose::Webhook).await.unwrap().is_empty());
    let found = vault.rsa_keys(&id, MODE).await.unwrap();
    assert_eq!(found.iter().map(|key| key.spki[0]).collect::<Vec<_>>(), [1, 2, 3], "oldest first");
    assert_eq!(format!("{:?}", found[0]), format!("{:?}", rsa_key(&id, 1)));
}
