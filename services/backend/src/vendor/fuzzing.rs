//! What stands in for the network where answers are made up (`--cfg fuzzing`): each request is answered with the next of a list.

use std::cell::RefCell;
use std::collections::VecDeque;

use axum::http;
use reqwest::{RequestBuilder, Response};

thread_local! {
    static ANSWERS: RefCell<VecDeque<(u16, Vec<u8>)>> = const { RefCell::new(VecDeque::new()) };
}

/// Answers the next requests of this thread with these statuses and bodies, and all further ones with 500.
pub fn answer_with(answers: impl IntoIterator<Item = (u16, Vec<u8>)>) {
    ANSWERS.with_borrow_mut(|list| {
        list.clear();
        list.extend(answers);
    });
}

pub(super) async fn sent(request: RequestBuilder) -> reqwest::Result<Response> {
    // What an answer put into it must still be a request.
    request.build()?;
    let next = ANSWERS.with_borrow_mut(VecDeque::pop_front);
    let (status, body) = next.unwrap_or((500, Vec::new()));
    let mut response = http::Response::new(body);
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    Ok(response.into())
}
