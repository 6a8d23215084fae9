//! Ready models of the usual objects. Each file owns one: what is asked, what is answered, and
//! what of it can be.

mod counter;
mod key_value;
mod queue;
mod register;
mod set;

pub use counter::{Counter, CounterOp, CounterReply};
pub use key_value::{KeyValue, KeyValueOp, KeyValueReply};
pub use queue::{Queue, QueueOp, QueueReply};
pub use register::{Register, RegisterOp, RegisterReply};
pub use set::{Set, SetOp, SetReply};
