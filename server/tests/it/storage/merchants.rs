//! Merchants, their settings and their users, as administration changes them, on every database.

use tollgate::account::{MerchantStatus, PasswordHash, Role, Switch, UserId};
use tollgate::storage::{AuditLink, ChangeRefusal, ListPart, MerchantChange, SampleBatch, UserChange};
use tollgate_apikey::Mode;
use tollgate_client_address::{Cidr, IpList};

use super::Backend;
use super::samples::{
    MODE, client, credential, entry, merchant, merchant_id, now, numbered_key_id, numbered_merchant_id,
    stored_merchant, user,
};

super::on_each!(Sqlite in sqlite, Postgres in postgres => {
    a_batch_of_samples_is_stored_whole_or_not_at_all,
    a_change_of_a_merchant_touches_one_thing,
    a_change_of_a_user_raises_the_generation_where_it_ends_logins,
    a_merchant_is_made_with_its_aliases_or_not_at_all,
    a_user_is_made_once_an_address,
    merchants_are_listed_oldest_first_in_parts,
    settings_are_listed_by_name,
    users_are_listed_newest_first_in_parts,
});

async fn a_merchant_is_made_with_its_aliases_or_not_at_all(db: Backend) {
    let aliases = [(Mode::Live, "mer_a".to_owned()), (Mode::Test, "mer_b".to_owned())];
    let made = entry("merchant.created");
    assert_eq!(db.directory.create_merchant(&merchant(1), "5.00", &aliases, &made).await.unwrap(), Ok(()));
    for (mode, alias) in &aliases {
        assert_eq!(db.vault.alias(&merchant_id(1), *mode, "mer").await.unwrap().as_ref(), Some(alias));
        assert_eq!(db.vault.balance(&merchant_id(1), *mode).await.unwrap().as_deref(), Some("5.00"));
    }
    for (label, other, aliases) in [("id", merchant(1), &[][..]), ("alias", merchant(2), &aliases[1..])] {
        let refused = db.directory.create_merchant(&other, "5.00", aliases, &made).await.unwrap();
        assert_eq!(refused, Err(ChangeRefusal::Taken), "{label}");
    }
    assert!(db.vault.merchant(&merchant_id(2)).await.unwrap().is_none(), "nothing of it was kept");
    assert_eq!(db.vault.balance(&merchant_id(2), MODE).await.unwrap(), None);
    assert_eq!(db.directory.audit_head().await.unwrap().seq, 1, "only what happened is told");
}

async fn merchants_are_listed_oldest_first_in_parts(db: Backend) {
    // Two of the same age come by their id.
    let mut twin = merchant(5);
    twin.created_at = merchant(2).created_at;
    for merchant in [&twin, &merchant(3), &merchant(2), &merchant(1)] {
        db.vault.insert_merchant(merchant, "1.00").await.unwrap();
    }
    let part = |after: Option<String>, limit| {
        let directory = db.directory.clone();
        async move {
            let part = directory.merchants_part(ListPart { after: after.as_deref(), limit }).await.unwrap();
            part.into_iter().map(|merchant| merchant.id).collect::<Vec<_>>()
        }
    };
    assert_eq!(part(None, 3).await, [1, 2, 5].map(merchant_id));
    assert_eq!(part(Some(merchant_id(2).as_str().to_owned()), 9).await, [5, 3].map(merchant_id));
    assert!(part(Some("MCH-COL-NOBODY".into()), 9).await.is_empty());
}

async fn a_change_of_a_merchant_touches_one_thing(db: Backend) {
    let mut expected = merchant(1);
    stored_merchant(&db, 1).await;
    let list = IpList::only(vec![Cidr::parse("192.0.2.0/24").unwrap()]).unwrap();
    let other = IpList::only(vec![Cidr::parse("198.51.100.0/24").unwrap()]).unwrap();
    let steps = [
        MerchantChange::Domains(vec!["https://c.example".into()]),
        MerchantChange::IpList(list.clone()),
        MerchantChange::IpListOf { seen: list.clone(), list: other.clone() },
        MerchantChange::Methods(vec!["PSE".into(), "CARD".into()]),
        MerchantChange::Status(MerchantStatus::Suspended),
    ];
    for step in &steps {
        match step {
            MerchantChange::Domains(domains) => expected.domains.clone_from(domains),
            MerchantChange::IpList(list) | MerchantChange::IpListOf { list, .. } => expected.ip_list = list.clone(),
            MerchantChange::Methods(methods) => expected.methods.clone_from(methods),
            MerchantChange::Status(status) => expected.status = *status,
        }
        let changed = db.directory.change_merchant(&merchant_id(1), step, &entry("merchant.changed")).await.unwrap();
        assert_eq!(changed, Ok(()), "{step:?}");
        let found = db.vault.merchant(&merchant_id(1)).await.unwrap().unwrap();
        assert_eq!(format!("{found:?}"), format!("{expected:?}"), "{step:?}");
    }
    let absent = db.directory.change_merchant(&merchant_id(2), &steps[0], &entry("merchant.changed")).await.unwrap();
    assert_eq!(absent, Err(ChangeRefusal::NotFound));
    let late = MerchantChange::IpListOf { seen: IpList::unrestricted(), list: IpList::unrestricted() };
    let outrun = db.directory.change_merchant(&merchant_id(1), &late, &entry("merchant.changed")).await.unwrap();
    assert_eq!(outrun, Err(ChangeRefusal::Outrun), "somebody else was there");
    assert_eq!(db.vault.merchant(&merchant_id(1)).await.unwrap().unwrap().ip_list, other);
}

async fn settings_are_listed_by_name(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    for (mode, name, value) in [(MODE, "b", "1"), (MODE, "a", "1"), (Mode::Live, "c", "1"), (MODE, "b", "2")] {
        let set = db.directory.change_setting(&id, mode, name, value, &entry("setting.changed")).await.unwrap();
        assert_eq!(set, Ok(()));
    }
    let found = db.directory.settings(&id, MODE).await.unwrap();
    assert_eq!(found, [("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())]);
    let absent = db.directory.change_setting(&merchant_id(2), MODE, "a", "1", &entry("setting.changed")).await;
    assert_eq!(absent.unwrap(), Err(ChangeRefusal::NotFound));
}

async fn a_user_is_made_once_an_address(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    let mut first = user(&id, "a@shop.example");
    first.role = Role::ReadOnly;
    let made = db.directory.create_user(&first, 9, now(), entry("user.created")).await.unwrap().unwrap();
    let found = db.vault.user(made).await.unwrap().unwrap();
    assert_eq!((found.merchant, found.role), (id, Role::ReadOnly));
    let links = db.directory.audit_links(0, 9).await.unwrap();
    let [AuditLink::Readable(told)] = &links[..] else { panic!("one entry: {links:?}") };
    assert_eq!(told.subject, made.to_string(), "the entry names the new id");

    let taken = db.directory.create_user(&first, 9, now(), entry("user.created")).await.unwrap();
    assert_eq!(taken, Err(ChangeRefusal::Taken));
    let elsewhere = user(&merchant_id(2), "b@shop.example");
    let homeless = db.directory.create_user(&elsewhere, 9, now(), entry("user.created")).await.unwrap();
    assert_eq!(homeless, Err(ChangeRefusal::NotFound));
}

async fn users_are_listed_newest_first_in_parts(db: Backend) {
    let (id, other) = (stored_merchant(&db, 1).await, stored_merchant(&db, 2).await);
    let mut made = Vec::new();
    for n in 0..3 {
        made.push(db.vault.insert_user(&user(&id, &format!("{n}@shop.example")), now()).await.unwrap());
    }
    db.vault.insert_user(&user(&other, "x@shop.example"), now()).await.unwrap();
    made.reverse();
    let all = db.directory.users_of(&id, ListPart { after: None, limit: 9 }).await.unwrap();
    assert_eq!(all.iter().map(|user| user.id).collect::<Vec<_>>(), made);
    let after = made[0].to_string();
    let part = db.directory.users_of(&id, ListPart { after: Some(&after), limit: 1 }).await.unwrap();
    assert_eq!(part.iter().map(|user| user.id).collect::<Vec<_>>(), made[1..2]);
    assert!(db.directory.users_of(&id, ListPart { after: Some("x"), limit: 9 }).await.unwrap().is_empty());
}

async fn a_change_of_a_user_raises_the_generation_where_it_ends_logins(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    let made = db.vault.insert_user(&user(&id, "a@shop.example"), now()).await.unwrap();
    let steps = [
        (UserChange::Disable, true, 2),
        (UserChange::Disable, false, 2),
        (UserChange::Enable, true, 2),
        (UserChange::Password(PasswordHash::from_stored("$argon2id$new".into())), true, 3),
        (UserChange::ApiBasic(Switch::Off), true, 3),
        (UserChange::ApiBasic(Switch::Off), false, 3),
        (UserChange::Role(Role::Developer), true, 3),
        (UserChange::Role(Role::Developer), false, 3),
    ];
    for (step, changed, generation) in &steps {
        let outcome = db.directory.change_user(made, step, &entry("user.changed")).await.unwrap();
        assert_eq!(outcome, Ok(*changed), "{step:?}");
        assert_eq!(db.vault.user(made).await.unwrap().unwrap().generation, *generation, "{step:?}");
    }
    let found = db.vault.user(made).await.unwrap().unwrap();
    assert_eq!((found.disabled, found.api_basic, found.role), (false, false, Role::Developer));
    assert_eq!(found.password_hash.as_str(), "$argon2id$new");
    assert_eq!(db.directory.audit_head().await.unwrap().seq, 5, "what changed nothing is not told");
    let absent = db.directory.change_user(UserId::from_stored(99), &steps[0].0, &entry("user.changed")).await.unwrap();
    assert_eq!(absent, Err(ChangeRefusal::NotFound));
}

async fn a_batch_of_samples_is_stored_whole_or_not_at_all(db: Backend) {
    // More than one statement takes.
    let mut batch = SampleBatch::default();
    for n in 0..1_200 {
        let mut new = merchant(1);
        new.id = numbered_merchant_id(n);
        batch.merchants.push((new.clone(), [Mode::Live, Mode::Test].map(|mode| (mode, format!("mer_{mode:?}_{n}")))));
        let mut owner = client(&new.id, 0);
        owner.id = numbered_key_id(n);
        let mut key = credential(&new.id, 7);
        (key.id, key.client) = (numbered_key_id(10_000 + n), Some(owner.id));
        batch.clients.push(owner);
        batch.credentials.push(key);
    }
    let stored = db.directory.insert_samples(&batch, "9.00", &entry("samples.added")).await.unwrap();
    assert_eq!(stored, Ok(()));
    let last = &batch.merchants[1_199].0.id;
    assert_eq!(db.vault.balance(last, Mode::Live).await.unwrap().as_deref(), Some("9.00"));
    assert_eq!(db.vault.alias(last, MODE, "mer").await.unwrap().as_deref(), Some("mer_Test_1199"));
    let found = db.vault.credential(numbered_key_id(11_199)).await.unwrap().unwrap();
    assert_eq!(format!("{found:?}"), format!("{:?}", batch.credentials[1_199]));
    let found = db.vault.client(numbered_key_id(1_199)).await.unwrap().unwrap();
    assert_eq!(format!("{found:?}"), format!("{:?}", batch.clients[1_199]));

    let mut again = SampleBatch::default();
    for n in [5_000, 1_199] {
        let mut new = merchant(1);
        new.id = numbered_merchant_id(n);
        again.merchants.push((new, [Mode::Live, Mode::Test].map(|mode| (mode, format!("new_{mode:?}_{n}")))));
    }
    let refused = db.directory.insert_samples(&again, "9.00", &entry("samples.added")).await.unwrap();
    assert_eq!(refused, Err(ChangeRefusal::Taken));
    assert!(db.vault.merchant(&numbered_merchant_id(5_000)).await.unwrap().is_none());
    assert_eq!(db.directory.audit_head().await.unwrap().seq, 1, "one entry for the batch");
}
