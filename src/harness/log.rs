//! What the program logs by `tracing` becomes lines of the story.
//!
//! Owns the subscriber of the process. The lines get virtual time, host and boot from the run; what
//! is logged outside of one goes nowhere.

use crate::sim::tell_log;
use std::fmt::{self, Write as _};
use tracing::field::{Field, Visit};
use tracing::{Event, Id, Subscriber, span};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// From now on told runs tell of what is logged.
///
/// A program that has set a subscriber of its own keeps it, and is told so.
pub(super) fn listen() {
    let subscriber = tracing_subscriber::registry().with(Listener);
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        eprintln!("the program has a `tracing` subscriber of its own, so its events are not in the story");
    }
}

struct Listener;

/// The fields of a span, as text.
struct Fields(String);

/// Fields as `name=value`, the message as it is.
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let space = if self.0.is_empty() { "" } else { " " };
        // writing to a string can't fail
        let _ = match field.name() {
            "message" => write!(self.0, "{space}{value:?}"),
            name => write!(self.0, "{space}{name}={value:?}"),
        };
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Listener {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut text = Text(String::new());
        attributes.record(&mut text);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(Fields(text.0));
        }
    }

    fn on_record(&self, id: &Id, values: &span::Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut extensions = span.extensions_mut();
        if let Some(fields) = extensions.get_mut::<Fields>() {
            let mut text = Text(std::mem::take(&mut fields.0));
            values.record(&mut text);
            fields.0 = text.0;
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        tell_log(event.metadata().level().as_str(), || {
            let mut line = format!("{} {}: ", event.metadata().level(), event.metadata().target());
            for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
                line += span.name();
                if let Some(Fields(fields)) = span.extensions().get::<Fields>().filter(|fields| !fields.0.is_empty()) {
                    let _ = write!(line, "{{{fields}}}");
                }
                line += ": ";
            }
            let mut text = Text(String::new());
            event.record(&mut text);
            line + &text.0
        });
    }
}
