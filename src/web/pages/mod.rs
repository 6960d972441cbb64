//! One file for each family of pages: its handlers and its templates' data.

pub(super) mod attachment;
pub(super) mod conflicts;
pub(super) mod edit;
pub(super) mod health;
pub(super) mod help;
pub(super) mod history;
pub(super) mod list;
pub(super) mod machines;
pub(super) mod merge;
pub(super) mod new;
mod paging;
pub(super) mod recent;
pub(super) mod revision;
pub(super) mod search;
pub(super) mod theme;
pub(super) mod upload;
pub(super) mod view;
