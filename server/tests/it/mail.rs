//! Mail by SMTP: a conversation with a mail server, and what becomes of mail that no server takes.

pub(crate) mod receiver;
pub(crate) mod wire;

use std::sync::Arc;

use sqlx::Connection;
use tokio::sync::watch;
use tollgate::account::EmailAddress;
use tollgate::app::Services;
use tollgate::auth::ListenerMode;
use tollgate::clock::Clock;
use tollgate::mail::{Mailer, Notice, SmtpServer};
use zeroize::Zeroizing;

use super::hang_up;
use super::leaks::Log;
use super::panel::browser::Browser;
use super::world::{Call, World, options, world_mailing};
use receiver::{Manners, Receiver, files_hold};

/// How many messages wait.
async fn waiting(world: &World) -> i64 {
    counted(world, "SELECT COUNT(*) FROM mails").await
}

async fn counted(world: &World, statement: &'static str) -> i64 {
    let mut database = world.connect().await;
    let count = sqlx::query_scalar(statement).fetch_one(&mut database).await.unwrap();
    database.close().await.unwrap();
    count
}

/// A message that is not of this world's making.
async fn put(world: &World, to: &str, merchant: &str) {
    let link = Zeroizing::new("http://sandbox.test/panel/reset/x".to_owned());
    let notice = Notice::Invitation { merchant: merchant.to_owned(), link };
    world.services.mailer.send(&EmailAddress::new(to).unwrap(), &notice).await;
}

#[tokio::test]
async fn a_password_link_is_in_the_mail_and_nowhere_else() {
    let log = Log::default();
    let _capture = log.capture();
    let receiver = Receiver::plain(Manners::default()).await;
    let world = world_mailing(&receiver.server()).await;
    let email = world.text("/panel/email");
    let mut browser = Browser::new(&world);
    let shown = browser.submit("/panel/forgotten", &[("email", &email)]).await;
    shown.expect_page(200, "Look at your mail");
    world.services.errands.finish().await;
    assert_eq!(waiting(&world).await, 1, "the answer waits for no mail server");

    assert_eq!(world.services.mailer.send_due().await, 1);
    let [letter] = &receiver.letters()[..] else { panic!("{:?}", receiver.letters()) };
    assert_eq!((letter.sender.as_str(), &letter.recipients[..]), ("tollgate@pay.example", &[email][..]));
    assert_eq!(letter.header("Subject"), Some("Set a new password"));
    assert_eq!(letter.header("Auto-Submitted"), Some("auto-generated"));
    assert_eq!(letter.header("From"), Some("Tollgate <tollgate@pay.example>"));
    assert!(letter.header("Message-ID").unwrap().ends_with("@pay.example>"));
    assert!(letter.header("Date").is_some());
    let text = letter.text();
    let (_, token) = text.split_once("http://sandbox.test/panel/reset/").unwrap();
    let token = token.split_whitespace().next().unwrap();
    assert_eq!(token.len(), 43);
    browser.get(&format!("/panel/reset/{token}")).await.expect_page(200, "password");

    assert_eq!(waiting(&world).await, 0);
    assert!(!shown.text().contains(token));
    assert!(!files_hold(world.data(), token), "what waits is sealed, and a link is kept as its digest");
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("a message was sent") && !log.contains(token), "{log}");
}

#[tokio::test]
async fn mail_goes_encrypted_and_with_a_login_where_the_settings_say_so() {
    for implicit in [false, true] {
        let login = Some(("tollgate", "a long mail password"));
        let manners = Manners { starttls: !implicit, login, ..Manners::default() };
        let receiver = Receiver::encrypted(manners, implicit).await;
        let world = world_mailing(&receiver.server()).await;
        put(&world, "a@shop.example", "A Shop").await;
        world.services.mailer.send_due().await;
        let [letter] = &receiver.letters()[..] else { panic!("implicit {implicit}: {:?}", receiver.letters()) };
        assert!(letter.encrypted && letter.logged_in, "implicit {implicit}");
    }
}

#[tokio::test]
async fn nothing_is_sent_in_clear_or_to_a_server_that_nobody_vouches_for() {
    let good = Receiver::encrypted(Manners { starttls: true, ..Manners::default() }, false).await;
    let stripped = Receiver::encrypted(Manners { starttls: false, ..Manners::default() }, false).await;
    let other = Receiver::encrypted(Manners::default(), true).await;
    let table = [
        ("STARTTLS is not offered", &stripped, stripped.server()),
        (
            "a certificate of somebody else",
            &good,
            SmtpServer { authorities: other.server().authorities, ..good.server() },
        ),
        ("a certificate that this machine does not know", &good, SmtpServer { authorities: None, ..good.server() }),
        ("a certificate for another name", &other, SmtpServer { host: "127.0.0.1".to_owned(), ..other.server() }),
    ];
    for (label, receiver, server) in table {
        let world = world_mailing(&server).await;
        put(&world, "a@shop.example", "A Shop").await;
        assert_eq!(world.services.mailer.send_due().await, 1, "{label}");
        assert!(receiver.letters().is_empty(), "{label}");
        assert_eq!(waiting(&world).await, 1, "{label}: it is kept");
    }
}

#[tokio::test]
async fn what_a_server_refuses_for_now_is_tried_again_with_longer_and_longer_rests() {
    let busy = Manners { recipient: "451 later", ..Manners::default() };
    let receiver = Receiver::plain(busy).await;
    let world = world_mailing(&receiver.server()).await;
    put(&world, "a@shop.example", "A Shop").await;
    let mailer = &world.services.mailer;
    for rest in [30, 120, 480] {
        assert_eq!(mailer.send_due().await, 1);
        world.advance(rest - 1);
        assert_eq!(mailer.send_due().await, 0, "{rest} s are not over");
        world.advance(1);
    }
    receiver.change(|manners| manners.recipient = "250 fine");
    assert_eq!(mailer.send_due().await, 1);
    assert_eq!((receiver.letters().len(), waiting(&world).await), (1, 0));
    assert_eq!(mailer.send_due().await, 0, "it is sent once");
}

#[tokio::test]
async fn what_a_server_refuses_for_good_is_given_up_and_a_refused_login_is_not() {
    let log = Log::default();
    let _capture = log.capture();
    let table = [
        ("no such recipient", Manners { recipient: "550 nobody", ..Manners::default() }, 0),
        ("a text it does not want", Manners { text: "554 no", ..Manners::default() }, 0),
        ("a text it does not want now", Manners { text: "452 full", ..Manners::default() }, 1),
        ("a login it does not know", Manners { login: Some(("tollgate", "right")), ..Manners::default() }, 1),
    ];
    for (label, manners, kept) in table {
        let wrong = manners.login.map(|(name, _)| (name.to_owned(), Zeroizing::new("wrong-mail-password".to_owned())));
        let receiver = Receiver::plain(manners).await;
        let world = world_mailing(&SmtpServer { credentials: wrong, ..receiver.server() }).await;
        put(&world, "someone@shop.example", "A Shop").await;
        assert_eq!(world.services.mailer.send_due().await, 1, "{label}");
        assert_eq!((receiver.letters().len(), waiting(&world).await), (0, kept), "{label}");
    }
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("a message is lost: it was refused for good"), "{log}");
    let ours: Vec<&str> = log.lines().filter(|line| line.contains("tollgate::")).collect();
    for secret in ["someone@shop.example", "wrong-mail-password", "/panel/reset/"] {
        assert!(!ours.iter().any(|line| line.contains(secret)), "{secret}");
    }
}

#[tokio::test]
async fn mail_waits_for_a_server_that_is_away_or_says_nothing() {
    let receiver = Receiver::plain(Manners { silent_at: "MAIL", ..Manners::default() }).await;
    let silent = SmtpServer { timeout: std::time::Duration::from_millis(300), ..receiver.server() };
    let nobody = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = nobody.local_addr().unwrap().port();
    drop(nobody);
    for (label, server) in [("silent", silent.clone()), ("away", SmtpServer { port, ..silent })] {
        let world = world_mailing(&server).await;
        put(&world, "a@shop.example", "A Shop").await;
        assert_eq!(world.services.mailer.send_due().await, 1, "{label}");
        assert_eq!((receiver.letters().len(), waiting(&world).await), (0, 1), "{label}");
    }
}

#[tokio::test]
async fn a_message_ends_when_it_is_of_no_use_any_more() {
    let log = Log::default();
    let _capture = log.capture();
    let receiver = Receiver::plain(Manners::default()).await;
    let world = world_mailing(&receiver.server()).await;
    let email = world.text("/panel/email");
    Browser::new(&world).submit("/panel/forgotten", &[("email", &email)]).await.expect_page(200, "Look at your mail");
    world.services.errands.finish().await;
    world.advance(30 * 60);
    assert_eq!(world.services.mailer.send_due().await, 1);
    assert!(receiver.letters().is_empty(), "the link in it is dead");
    assert_eq!(waiting(&world).await, 0);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("a message is lost: it could not be sent in time"), "{log}");
}

#[tokio::test]
async fn nobody_writes_headers_recipients_or_a_second_message() {
    let receiver = Receiver::plain(Manners::default()).await;
    let world = world_mailing(&receiver.server()).await;
    let evil = "Shop\r\nBcc: eve@evil.example\r\n\r\n.\r\nMAIL FROM:<eve@evil.example>\r\nRCPT TO:<eve@evil.example>\r\n\u{e4}";
    put(&world, "a@shop.example", evil).await;
    for to in ["a@shop.example\r\nBcc: eve@evil.example", "a@shop.example>\r\nRCPT TO:<eve@evil.example"] {
        if EmailAddress::new(to).is_some() {
            put(&world, to, "A Shop").await;
        }
    }
    while world.services.mailer.send_due().await > 0 {}
    let [letter] = &receiver.letters()[..] else { panic!("{:?}", receiver.letters()) };
    assert_eq!(letter.recipients, ["a@shop.example"]);
    assert!(!letter.header_names().contains(&"Bcc"), "{:?}", letter.header_names());
    assert!(letter.text().contains("MAIL FROM:<eve@evil.example>"), "it is text: {}", letter.text());
    let mut owner = Browser::owner(&world).await;
    for address in
        ["new@shop.example\r\nBcc: eve@evil.example", "new@shop.example\nx", "new@shop.example eve@evil.example"]
    {
        let refused = owner.submit("/panel/users/new", &[("email", address), ("role", "developer")]).await;
        assert_eq!(refused.status, 422, "{address:?}");
    }
}

#[tokio::test]
async fn what_was_not_sent_is_sent_after_the_next_start() {
    let busy = Receiver::plain(Manners { recipient: "451 later", ..Manners::default() }).await;
    let world = world_mailing(&busy.server()).await;
    put(&world, "a@shop.example", "A Shop").await;
    let (stop, stopped) = watch::channel(true);
    world.services.mailer.run(stopped).await;
    drop(stop);
    let dir = world.close().await;

    let good = Receiver::plain(Manners::default()).await;
    let clock = Clock::manual(time::OffsetDateTime::from_unix_timestamp(crate::world::T0 + 30).unwrap());
    let mut services = Services::open(dir.path(), options(clock)).await.unwrap();
    services.mailer = Mailer::smtp(&good.server(), services.post_parts()).unwrap();
    let services = Arc::new(services);
    let (_stop, stopped) = watch::channel(true);
    services.mailer.run(stopped).await;
    let [letter] = &good.letters()[..] else { panic!("{:?}", good.letters()) };
    assert!(letter.text().contains("the control panel of A Shop"));
    services.close().await;
}

#[tokio::test]
async fn the_owner_hears_of_a_new_key_whose_maker_hung_up() {
    let receiver = Receiver::plain(Manners::default()).await;
    // How often a call waits differs from one to the next, as some of what it asks for is there at once.
    for waits in (1..=5).cycle().take(50) {
        let world = world_mailing(&receiver.server()).await;
        let login = world.log_in(ListenerMode::Test).await;
        let keys = async || counted(&world, "SELECT COUNT(*) FROM credentials").await;
        let (keys_before, mails_before) = (keys().await, waiting(&world).await);
        let call = Call::put("/users/1/apikey").header("authorization", format!("Bearer {login}"));
        let answer = hang_up::after(waits, world.send(call)).await;
        world.services.errands.finish().await;
        let made = keys().await - keys_before;
        assert_eq!(waiting(&world).await - mails_before, made, "hung up at wait {waits}");
        if answer.is_none() && made == 1 {
            return;
        }
    }
    panic!("nobody hung up between the beginning and the answer");
}
