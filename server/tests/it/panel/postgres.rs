//! The flows of the panel on PostgreSQL: the same tests, each on a schema of its own.

use crate::world::on_postgres;

macro_rules! on_postgres {
    ($($module:ident { $($test:ident),* $(,)? })*) => {$(
        mod $module {
            $(
                #[test]
                fn $test() {
                    super::on_postgres(super::tests::$module::$test);
                }
            )*
        }
    )*};
}

/// Where the tests are.
mod tests {
    pub(super) use crate::panel::credentials::{access, clients, keys, objects, signing, webhooks};
    pub(super) use crate::panel::{forgotten, forms, log_in, pages, repeat, routes, second_factor, users};
}

on_postgres! {
    access {
        the_address_list_binds_api_calls_and_not_the_panel,
        domains_are_origins_and_count_for_payment_pages,
    }
    clients {
        a_client_shows_its_id_always_and_its_secret_once,
        a_secret_is_rotated_with_an_overlap_and_a_second_tab_is_told,
        one_secret_or_the_whole_client_is_revoked,
        a_pair_made_elsewhere_goes_on_working,
        a_secret_has_an_address_list_that_its_successor_inherits,
    }
    forgotten {
        a_forgotten_password_is_replaced_by_a_link_that_works_once,
        a_link_ends_after_thirty_minutes_and_by_a_newer_one,
    }
    forms {
        what_was_typed_survives_a_session_that_timed_out,
        what_is_dangerous_asks_for_the_password_again_after_five_minutes,
        a_session_of_another_user_cannot_be_ended,
    }
    keys {
        a_key_is_shown_once_and_works_at_once_within_its_limits,
        a_rotated_key_lives_for_its_overlap_and_a_second_tab_is_told,
        of_rotations_at_once_one_makes_a_key,
        a_revoked_key_is_dead_and_the_log_tells_who_did_it,
        name_and_address_list_of_a_key_count_at_the_next_call,
    }
    log_in {
        who_logs_in_gets_a_new_cookie_and_the_page_asked_for,
        every_wrong_log_in_gets_the_same_answer,
        a_session_ends_when_it_is_not_used_and_after_its_life,
        log_out_ends_the_session_on_the_server,
        one_session_or_all_others_can_be_ended,
        what_ends_log_ins_ends_sessions,
        the_mode_belongs_to_the_session_and_shows_on_every_page,
    }
    objects {
        what_is_of_another_merchant_or_mode_is_not_there,
        lists_show_nothing_of_another_merchant_or_mode,
        who_may_only_look_sees_every_page_without_a_button,
    }
    pages {
        the_overview_counts_calls_and_refusals_of_the_mode,
        the_last_use_of_a_credential_is_kept_across_a_flush,
        a_changed_password_ends_every_session_and_tells_the_user,
        the_audit_log_is_filtered_and_exported,
    }
    repeat {
        a_form_that_is_sent_again_makes_nothing_and_shows_no_secret,
        of_two_clicks_at_once_one_makes_a_key,
        a_form_that_was_refused_can_be_sent_again,
    }
    routes {
        a_role_sees_every_page_and_does_what_it_may,
        what_belongs_to_another_merchant_is_not_there,
    }
    second_factor {
        with_a_second_factor_the_password_alone_is_not_enough,
        a_recovery_code_works_once,
        switching_off_ends_every_session_and_tells_the_user,
    }
    signing {
        signing_is_switched_on_by_one_right_signature_and_off_again,
    }
    users {
        an_invited_user_sets_a_password_and_has_the_role,
        the_last_owner_stays,
        a_disabled_user_is_out_at_once,
        an_administrator_sees_every_merchant_and_can_stop_it,
        an_administrator_finds_merchants_by_name_id_user_and_status,
    }
    webhooks {
        an_endpoint_is_registered_tried_and_removed,
        a_secret_is_made_shown_rotated_and_revoked,
        a_secret_made_elsewhere_is_taken_over_once_and_not_shown_when_it_is_wrong,
    }
}
