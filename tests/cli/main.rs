//! The command line as people and scripts use it: the built program, its output and exit codes.

mod check;
mod import;
mod merge;
mod put;
mod reading;
mod serve;
mod support;
