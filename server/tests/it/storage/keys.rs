//! Credentials, OAuth clients, sealed secrets and RSA keys, as administration changes them, on every database.

use tollgate::account::{CredentialKind, ForeignPair, SecretPurpose, Switch};
use tollgate::storage::{ChangeRefusal, CredentialChange, ListPart, REQUEST_SIGNING};
use tollgate_apikey::{Mode, Overlap, Scopes, Status};
use tollgate_client_address::{Cidr, IpList};

use super::Backend;
use super::samples::{
    MODE, client, credential, entry, in_s, key_id, merchant_id, now, rsa_key, secret, stored_merchant, user,
};

super::on_each!(Sqlite in sqlite, Postgres in postgres => {
    a_change_of_a_credential_touches_one_thing,
    a_client_is_made_once_an_imported_id,
    a_client_secret_is_replaced_by_one_with_its_limits,
    a_credential_is_made_for_an_owner_who_exists,
    a_public_key_comes_once_and_never_back,
    a_rotated_credential_keeps_its_limits_and_retires,
    a_secret_is_rotated_within_the_limit,
    every_purpose_of_a_secret_is_stored,
    keys_are_listed_newest_first_in_parts_without_client_secrets,
    no_client_secret_outlives_its_client,
    request_signing_is_switched_on_only_with_a_usable_key,
});

fn overlap() -> Overlap {
    Overlap::new(60).unwrap()
}

async fn a_credential_is_made_for_an_owner_who_exists(db: Backend) {
    let (id, other) = (stored_merchant(&db, 1).await, stored_merchant(&db, 2).await);
    let owner = db.vault.insert_user(&user(&id, "a@shop.example"), now()).await.unwrap();
    let mut of_owner = credential(&id, 1);
    of_owner.user = Some(owner);
    let mut of_stranger = credential(&other, 2);
    of_stranger.user = Some(owner);
    let table = [
        ("of a merchant", credential(&id, 3), Ok(())),
        ("of a user", of_owner, Ok(())),
        ("of another merchant's user", of_stranger, Err(ChangeRefusal::NotFound)),
        ("of nobody", credential(&merchant_id(9), 4), Err(ChangeRefusal::NotFound)),
    ];
    for (label, new, expected) in table {
        assert_eq!(db.directory.issue_credential(&new, &entry("key.issued")).await.unwrap(), expected, "{label}");
        let found = db.vault.credential(new.id).await.unwrap();
        assert_eq!(found.is_some(), expected.is_ok(), "{label}");
    }
}

async fn a_rotated_credential_keeps_its_limits_and_retires(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    let mut old = credential(&id, 1);
    old.scopes = Scopes::parse("narrow").unwrap();
    db.vault.insert_credential(&old).await.unwrap();
    let rotate = |old, new| {
        let (directory, new) = (db.directory.clone(), credential(&id, new));
        async move {
            let entry = entry("key.rotated");
            directory.rotate_credential(key_id(old), &new, overlap(), in_s(10), &entry).await.unwrap()
        }
    };
    let stored = rotate(1, 2).await.unwrap();
    assert_eq!((stored.id, stored.scopes.to_string()), (key_id(2), "narrow".into()));
    let found = db.vault.credential(key_id(2)).await.unwrap().unwrap();
    assert_eq!(format!("{found:?}"), format!("{stored:?}"), "it answers what it stored");
    let old = db.vault.credential(key_id(1)).await.unwrap().unwrap();
    assert_eq!(old.lifecycle.status(in_s(10)), Status::Retiring { until: in_s(70) });

    assert_eq!(rotate(9, 3).await.err(), Some(ChangeRefusal::NotFound));
    db.directory.end_credential(key_id(1), in_s(5), &entry("key.revoked")).await.unwrap().unwrap();
    assert_eq!(rotate(1, 3).await.err(), Some(ChangeRefusal::NotUsable));
    assert!(db.vault.credential(key_id(3)).await.unwrap().is_none());
}

async fn a_change_of_a_credential_touches_one_thing(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    let mut expected = credential(&id, 1);
    db.vault.insert_credential(&expected).await.unwrap();
    let list = IpList::only(vec![Cidr::parse("192.0.2.0/24").unwrap()]).unwrap();
    let other = IpList::only(vec![Cidr::parse("198.51.100.0/24").unwrap()]).unwrap();
    let steps = [
        CredentialChange::IpList(list.clone()),
        CredentialChange::IpListOf { seen: list, list: other },
        CredentialChange::Name("second till".into()),
    ];
    for step in steps {
        match &step {
            CredentialChange::IpList(list) | CredentialChange::IpListOf { list, .. } => expected.ip_list = list.clone(),
            CredentialChange::Name(name) => expected.name.clone_from(name),
        }
        let changed = db.directory.change_credential(key_id(1), &step, &entry("key.changed")).await.unwrap();
        assert_eq!(changed, Ok(()));
        let found = db.vault.credential(key_id(1)).await.unwrap().unwrap();
        assert_eq!(format!("{found:?}"), format!("{expected:?}"));
        let absent = db.directory.change_credential(key_id(2), &step, &entry("key.changed")).await.unwrap();
        assert_eq!(absent, Err(ChangeRefusal::NotFound));
    }
    let late = CredentialChange::IpListOf { seen: IpList::unrestricted(), list: IpList::unrestricted() };
    let outrun = db.directory.change_credential(key_id(1), &late, &entry("key.changed")).await.unwrap();
    assert_eq!(outrun, Err(ChangeRefusal::Outrun), "somebody else was there");
    let found = db.vault.credential(key_id(1)).await.unwrap().unwrap();
    assert_eq!(found.ip_list, expected.ip_list);
}

async fn keys_are_listed_newest_first_in_parts_without_client_secrets(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    let mut of_client = credential(&id, 9);
    (of_client.kind, of_client.client) = (CredentialKind::ClientSecret, Some(key_id(8)));
    db.directory.create_client(&client(&id, 8), &of_client, &entry("client.created")).await.unwrap().unwrap();
    let mut live = credential(&id, 7);
    live.mode = Mode::Live;
    let mut newest = credential(&id, 1);
    newest.lifecycle = tollgate_apikey::Lifecycle::new(in_s(5));
    for key in [&live, &newest, &credential(&id, 2), &credential(&id, 4), &credential(&id, 3)] {
        db.directory.issue_credential(key, &entry("key.issued")).await.unwrap().unwrap();
    }
    let list = |after: Option<u8>, limit| {
        let (directory, id, after) = (db.directory.clone(), id.clone(), after.map(|n| key_id(n).as_str().to_owned()));
        async move {
            let part = directory.keys_of(&id, MODE, ListPart { after: after.as_deref(), limit }).await.unwrap();
            part.into_iter().map(|key| key.id).collect::<Vec<_>>()
        }
    };
    assert_eq!(list(None, 9).await, [1, 4, 3, 2].map(key_id), "those of one moment by their id");
    assert_eq!(list(Some(4), 1).await, [3].map(key_id));
    assert!(list(Some(99), 9).await.is_empty());
}

async fn a_client_is_made_once_an_imported_id(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    let new = |n: u8, mode, foreign: Option<&str>| {
        let (mut client, mut secret) = (client(&id, n), credential(&id, 100 + n));
        (client.mode, secret.mode) = (mode, mode);
        client.foreign = foreign.map(|id| ForeignPair { id: id.into(), secret: secret.id });
        (secret.kind, secret.client) = (CredentialKind::ClientSecret, Some(client.id));
        (client, secret)
    };
    let table = [
        ("imported", new(1, MODE, Some("old id")), Ok(())),
        ("the same again", new(2, MODE, Some("old id")), Err(ChangeRefusal::Taken)),
        ("in the other mode", new(3, Mode::Live, Some("old id")), Ok(())),
        ("in other letters", new(4, MODE, Some("Old id")), Ok(())),
        ("native", new(5, MODE, None), Ok(())),
        ("also native", new(6, MODE, None), Ok(())),
    ];
    for (label, (client, secret), expected) in &table {
        let made = db.directory.create_client(client, secret, &entry("client.created")).await.unwrap();
        assert_eq!(made, *expected, "{label}");
        assert_eq!(db.vault.credential(secret.id).await.unwrap().is_some(), expected.is_ok(), "{label}");
    }
    let found = db.vault.client_by_foreign_id(MODE, "old id").await.unwrap().unwrap();
    assert_eq!(format!("{found:?}"), format!("{:?}", table[0].1.0));
    assert!(db.vault.client_by_foreign_id(Mode::Live, "Old id").await.unwrap().is_none());
    let part = ListPart { after: Some(table[4].1.0.id.as_str()), limit: 9 };
    let found = db.directory.clients_of(&id, MODE, part).await.unwrap();
    assert_eq!(found.iter().map(|client| client.id).collect::<Vec<_>>(), [4, 1].map(key_id), "newest first");
    let homeless = (client(&merchant_id(9), 20), credential(&merchant_id(9), 21));
    let refused = db.directory.create_client(&homeless.0, &homeless.1, &entry("client.created")).await.unwrap();
    assert_eq!(refused, Err(ChangeRefusal::NotFound));
}

/// A client with so many secrets, the first of them narrow.
async fn stored_client(db: &Backend) {
    let id = stored_merchant(db, 1).await;
    let mut first = credential(&id, 11);
    (first.kind, first.client, first.scopes) =
        (CredentialKind::ClientSecret, Some(key_id(1)), Scopes::parse("narrow").unwrap());
    db.directory.create_client(&client(&id, 1), &first, &entry("client.created")).await.unwrap().unwrap();
}

async fn a_client_secret_is_replaced_by_one_with_its_limits(db: Backend) {
    stored_client(&db).await;
    let rotate = |client, n| {
        let (directory, mut new) = (db.directory.clone(), credential(&merchant_id(1), n));
        (new.kind, new.client) = (CredentialKind::ClientSecret, Some(key_id(1)));
        async move {
            let entry = entry("client_secret.rotated");
            directory.rotate_client_secret(key_id(client), &new, overlap(), in_s(10), &entry).await.unwrap()
        }
    };
    assert_eq!(rotate(1, 5).await.unwrap().scopes.to_string(), "narrow");
    // The id and the time do not tell which is newer.
    assert_eq!(rotate(1, 7).await.unwrap().scopes.to_string(), "narrow");
    let secrets = db.directory.secrets_of_client(key_id(1)).await.unwrap();
    let states: Vec<_> = secrets.iter().map(|secret| (secret.id, secret.lifecycle.status(in_s(10)))).collect();
    let retiring = Status::Retiring { until: in_s(70) };
    assert_eq!(states, [(key_id(7), Status::Active), (key_id(5), retiring), (key_id(11), retiring)]);
    assert_eq!(rotate(9, 8).await.err(), Some(ChangeRefusal::NotFound));
    db.directory.end_client(key_id(1), in_s(11), &entry("client.revoked")).await.unwrap().unwrap();
    assert_eq!(rotate(1, 8).await.err(), Some(ChangeRefusal::NotUsable));
}

async fn no_client_secret_outlives_its_client(db: Backend) {
    stored_client(&db).await;
    for (label, client, expected) in
        [("first", 1, Ok(true)), ("again", 1, Ok(false)), ("nobody", 9, Err(ChangeRefusal::NotFound))]
    {
        let ended = db.directory.end_client(key_id(client), in_s(1), &entry("client.revoked")).await.unwrap();
        assert_eq!(ended, expected, "{label}");
    }
    for secret in db.directory.secrets_of_client(key_id(1)).await.unwrap() {
        assert_eq!(secret.lifecycle.status(in_s(1)), Status::Revoked);
    }
    assert_eq!(db.directory.audit_head().await.unwrap().seq, 2);
}

async fn a_secret_is_rotated_within_the_limit(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    let issue = |n| {
        let (directory, new) = (db.directory.clone(), secret(&id, n));
        async move { directory.issue_secret(&new, 2, in_s(10), &entry("secret.issued")).await.unwrap() }
    };
    let rotate = |old, n| {
        let (directory, new) = (db.directory.clone(), secret(&id, n));
        async move {
            let entry = entry("secret.rotated");
            directory.rotate_secret(key_id(old), &new, overlap(), 2, in_s(10), &entry).await.unwrap()
        }
    };
    assert_eq!(issue(1).await, Ok(()));
    assert_eq!(rotate(1, 2).await.unwrap().id, key_id(2));
    assert_eq!(issue(3).await, Err(ChangeRefusal::TooMany), "the old one is still usable");
    assert_eq!(rotate(2, 3).await.err(), Some(ChangeRefusal::TooMany));
    assert!(db.directory.secret(key_id(3)).await.unwrap().is_none(), "nothing of it was kept");
    let second = db.directory.secret(key_id(2)).await.unwrap().unwrap();
    assert_eq!(second.lifecycle.status(in_s(10)), Status::Active, "nor of what it would have retired");
    for expected in [true, false] {
        let ended = db.directory.end_secret(key_id(1), in_s(10), &entry("secret.revoked")).await.unwrap();
        assert_eq!(ended, Ok(expected));
    }
    assert_eq!(rotate(1, 3).await.err(), Some(ChangeRefusal::NotUsable));
    assert_eq!(rotate(2, 3).await.unwrap().id, key_id(3));
    assert_eq!(rotate(9, 4).await.err(), Some(ChangeRefusal::NotFound));
    let absent = db.directory.end_secret(key_id(9), in_s(10), &entry("secret.revoked")).await.unwrap();
    assert_eq!(absent, Err(ChangeRefusal::NotFound));
}

async fn every_purpose_of_a_secret_is_stored(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    let purposes = [SecretPurpose::PledgNotification, SecretPurpose::PledgRequest, SecretPurpose::Webhook];
    for (n, purpose) in (1..).zip(purposes) {
        let mut new = secret(&id, n);
        new.purpose = purpose;
        db.directory.issue_secret(&new, 1, now(), &entry("secret.issued")).await.unwrap().unwrap();
        let found = db.vault.secrets(&id, MODE, purpose).await.unwrap();
        assert_eq!(format!("{found:?}"), format!("{:?}", [new]), "{purpose:?}");
    }
}

async fn a_public_key_comes_once_and_never_back(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    let register = |n, spki: u8| {
        let (directory, mut new) = (db.directory.clone(), rsa_key(&id, n));
        new.spki[0] = spki;
        async move { directory.register_rsa_key(&new, 2, in_s(100), &entry("rsa_key.registered")).await.unwrap() }
    };
    assert_eq!((register(1, 1).await, register(2, 2).await), (Ok(()), Ok(())));
    assert_eq!(register(3, 3).await, Err(ChangeRefusal::TooMany));
    let entry = entry("rsa_key.ended");
    let retired = db.directory.retire_rsa_key(key_id(1), overlap(), in_s(100), &entry).await.unwrap().unwrap();
    assert_eq!(retired.lifecycle.status(in_s(100)), Status::Retiring { until: in_s(160) });
    for expected in [true, false] {
        assert_eq!(db.directory.end_rsa_key(key_id(1), in_s(100), &entry).await.unwrap(), Ok(expected));
    }
    let dead = db.directory.retire_rsa_key(key_id(1), overlap(), in_s(100), &entry).await.unwrap();
    assert_eq!(dead.err(), Some(ChangeRefusal::NotUsable));
    assert_eq!(register(3, 1).await, Err(ChangeRefusal::Taken), "the numbers of a dead key");
    assert_eq!(register(3, 3).await, Ok(()));
    let found = db.directory.rsa_key(key_id(1)).await.unwrap().unwrap();
    assert_eq!(found.lifecycle.status(in_s(100)), Status::Revoked);
    for n in [7, 9] {
        let absent = db.directory.end_rsa_key(key_id(n), now(), &entry).await.unwrap();
        assert_eq!(absent, Err(ChangeRefusal::NotFound));
    }
}

async fn request_signing_is_switched_on_only_with_a_usable_key(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    let switch = |required, at| {
        let (directory, id) = (db.directory.clone(), id.clone());
        async move {
            let entry = entry("request_signing.changed");
            directory.switch_request_signing(&id, MODE, required, at, &entry).await.unwrap()
        }
    };
    assert_eq!(switch(Switch::On, now()).await, Err(ChangeRefusal::NoLiveKey));
    assert_eq!(switch(Switch::Off, now()).await, Ok(()));
    db.vault.insert_rsa_key(&rsa_key(&id, 1)).await.unwrap();
    assert_eq!(switch(Switch::On, in_s(9_000)).await, Err(ChangeRefusal::NoLiveKey), "it has expired by then");
    assert_eq!(switch(Switch::On, in_s(2)).await, Ok(()));
    assert_eq!(switch(Switch::Off, in_s(2)).await, Ok(()));
    let other = stored_merchant(&db, 2).await;
    db.vault.insert_rsa_key(&rsa_key(&other, 3)).await.unwrap();
    db.directory.retire_rsa_key(key_id(3), overlap(), in_s(2), &entry("rsa_key.retired")).await.unwrap().unwrap();
    let on = db.directory.switch_request_signing(&other, MODE, Switch::On, in_s(3), &entry("signing.changed")).await;
    assert_eq!(on.unwrap(), Err(ChangeRefusal::NoLiveKey), "it dies within the minute, and every order with it");
    assert_eq!(switch(Switch::On, in_s(2)).await, Ok(()));
    let setting = db.vault.setting(&id, MODE, REQUEST_SIGNING).await.unwrap();
    assert_eq!(setting.as_deref(), Some(Switch::On.as_str()));
    assert_eq!(db.vault.setting(&id, Mode::Live, REQUEST_SIGNING).await.unwrap(), None);

    let done = entry("rsa_key.ended");
    let last = Some(ChangeRefusal::LastLiveKey);
    let retired = db.directory.retire_rsa_key(key_id(1), overlap(), in_s(2), &done).await.unwrap();
    let ended = db.directory.end_rsa_key(key_id(1), in_s(2), &done).await.unwrap();
    assert_eq!((retired.err(), ended.err()), (last, last), "requests could not be signed any more");
    db.vault.insert_rsa_key(&rsa_key(&id, 2)).await.unwrap();
    assert_eq!(db.directory.end_rsa_key(key_id(1), in_s(2), &done).await.unwrap(), Ok(true));
    assert_eq!(db.directory.end_rsa_key(key_id(2), in_s(2), &done).await.unwrap().err(), last);
    assert_eq!(switch(Switch::Off, in_s(3)).await, Ok(()));
    assert_eq!(db.directory.end_rsa_key(key_id(2), in_s(3), &done).await.unwrap(), Ok(true));
}
