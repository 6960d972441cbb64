//! One file for each family of pages: its handlers and its templates' data.

pub(super) mod after;
pub(super) mod attachment;
pub(super) mod blame;
pub(super) mod conflicts;
pub(super) mod delete;
pub(super) mod diff;
pub(super) mod edit;
pub(super) mod graph;
pub(super) mod health;
pub(super) mod help;
pub(super) mod history;
pub(super) mod list;
pub(super) mod machines;
pub(super) mod merge;
pub(super) mod new;
mod paging;
pub(super) mod peers;
pub(super) mod preferences;
pub(super) mod recent;
pub(super) mod restore;
pub(super) mod revision;
pub(super) mod rows;
pub(super) mod search;
pub(super) mod theme;
pub(super) mod upload;
pub(super) mod view;
pub(super) mod words;
