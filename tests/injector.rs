//! Faults of the user's own: what an injector can do to connections, clocks and packets, when it
//! runs, and what is said of it.
#![cfg(feature = "sim")]

#[macro_use]
mod common;

use common::{Breaker, Client, Phases, Server, echo, millis, nothing, starred, tape};
use simfuzz::prelude::*;
use simfuzz::{Fate, Outcome, Packet, PacketKind, Recording};
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

/// Two echo servers; a client that asks the first one every 100 ms and notes how it went.
fn asking(times: u32) -> SimulationBuilder {
    let ask = async |ctx: &SimContext| -> std::io::Result<()> {
        let mut stream = ctx.network().connect("server-0").await?;
        stream.write_u8(1).await?;
        stream.read_u8().await.map(drop)
    };
    SimulationBuilder::new()
        .processes(2, server!(echo))
        .workload(client!(async move |ctx: &SimContext| {
            for time in 0..times {
                ctx.time().sleep((millis(100) * (time + 1)).saturating_sub(ctx.time().now())).await;
                let went = match ctx.time().timeout(millis(50), ask(ctx)).await {
                    Ok(Ok(())) => "answered".to_owned(),
                    Ok(Err(error)) => format!("{:?}", error.kind()),
                    Err(_) => "too late".to_owned(),
                };
                ctx.note(|| format!("* {went}"));
            }
            Ok(())
        }))
        .latency(Latency::between(millis(1)..=millis(1)))
        .restart_after(millis(150)..=millis(150))
        .without(FaultKind::Hold)
}

fn told(builder: SimulationBuilder) -> (Outcome, Vec<String>) {
    let outcome = builder.build().run_with(&Tape::calm(), Recording::Story);
    outcome.assert_ok();
    let lines = starred(&outcome);
    (outcome, lines)
}

/// The server is gone at 100 and 200 ms, and back at 300.
#[test]
fn a_process_crashes_and_boots() {
    let (outcome, lines) = told(asking(4).injector(breaker!(async |faults: &Faults| {
        faults.time().sleep(millis(50)).await;
        faults.crash("server-0");
        faults.time().sleep(millis(110)).await;
        faults.boot("server-0");
        Ok(())
    })));
    assert_eq!(lines, ["ConnectionRefused", "answered", "answered", "answered"]);
    assert_eq!((outcome.crashes(), outcome.restarts()), (1, 1), "the boot that was planned is none of its own");

    let (outcome, lines) = told(asking(3).injector(breaker!(async |faults: &Faults| {
        faults.time().sleep(millis(90)).await;
        faults.crash("server-0");
        faults.crash("server-0");
        Ok(())
    })));
    assert_eq!(lines, ["ConnectionRefused", "ConnectionRefused", "answered"]);
    assert_eq!(outcome.crashes(), 1, "who is down can't crash");
}

#[test]
fn a_process_is_asked_to_stop() {
    let (outcome, _) = told(asking(4).injector(breaker!(async |faults: &Faults| {
        faults.stop("server", millis(20));
        Ok(())
    })));
    assert_eq!(outcome.stops(), 2, "all that are called so");
    assert_eq!(outcome.crashes(), 2, "echo doesn't listen to its token");
}

#[test]
fn a_cut_heals_with_its_guard_or_after_its_time() {
    let (outcome, lines) = told(asking(4).injector(breaker!(async |faults: &Faults| {
        let cut = faults.partition("client", "server-0");
        faults.time().sleep(millis(150)).await;
        drop(cut);
        faults.time().sleep(millis(100)).await;
        faults.mute("server-0", "client").lasting(millis(100));
        Ok(())
    })));
    assert_eq!(lines, ["too late", "answered", "too late", "answered"]);
    assert_eq!(outcome.partitions(), 2);
}

#[test]
fn cuts_overlap_and_reach_who_is_meant() {
    let (_, lines) = told(asking(4).injector(breaker!(async |faults: &Faults| {
        let all: Vec<IpAddr> = faults.topology().all_process_ips().to_vec();
        let outer = faults.isolate(&all);
        faults.isolate(all[0]).heal();
        faults.time().sleep(millis(150)).await;
        drop(outer);
        // the client doesn't use this one
        let _cut = faults.isolate("server-1");
        std::future::pending().await
    })));
    assert_eq!(lines, ["too late", "answered", "answered", "answered"]);

    let (_, lines) = told(asking(2).injector(breaker!(async |faults: &Faults| {
        faults.isolate("server-0").lasting(millis(10_000));
        faults.time().sleep(millis(160)).await;
        faults.heal();
        Ok(())
    })));
    assert_eq!(lines, ["too late", "answered"]);
}

/// A connection that is used every 100 ms: clogged, then reset; and one that dies in silence.
#[test]
fn connections_and_links_break() {
    let used = |inject: fn(&Faults)| {
        let builder = SimulationBuilder::new()
            .processes(1, server!(echo))
            .workload(client!(async |ctx: &SimContext| {
                let mut stream = ctx.network().connect("server").await?;
                for _ in 0..3 {
                    let sent = ctx.time().now();
                    stream.write_u8(1).await?;
                    stream.read_u8().await?;
                    let took = ctx.time().now() - sent;
                    ctx.note(|| format!("* {took:?}"));
                    ctx.time().sleep(millis(100) - took).await;
                }
                Ok(())
            }))
            .injector(breaker!(async move |faults: &Faults| {
                faults.time().sleep(millis(50)).await;
                inject(faults);
                Ok(())
            }))
            .latency(Latency::between(millis(1)..=millis(1)))
            .without(FaultKind::Hold);
        let (outcome, lines) = told(builder);
        (lines.join(" "), outcome)
    };
    let (lines, outcome) = used(|faults| faults.clog("client", "server", millis(60)));
    assert_eq!((lines.as_str(), outcome.injected(FaultKind::Clog)), ("2ms 9ms 2ms", 1));
    let (lines, outcome) = used(|faults| faults.reset("server", "client"));
    assert_eq!((lines.as_str(), outcome.injected(FaultKind::Reset), outcome.gave_up()), ("2ms", 1, 1));
    let (lines, outcome) = used(|faults| faults.half_open("server", "client"));
    assert_eq!((lines.as_str(), outcome.injected(FaultKind::HalfOpen), outcome.gave_up()), ("2ms", 1, 1));
    assert_eq!(outcome.virtual_time().as_secs(), 30, "told by nobody");
}

/// A client that sends a byte and a datagram each 100 ms, with what a rule makes of them.
fn ruled(
    rule: impl Fn(&Packet<'_>, &SimRandomProvider) -> Fate + Copy + Send + Sync + 'static,
) -> (Outcome, Vec<String>) {
    let builder = SimulationBuilder::new()
        .processes(
            1,
            server!(async |ctx: &SimContext| {
                let socket = UdpSocket::bind((ctx.my_ip(), 9)).await?;
                let told = ctx.clone();
                ctx.task().spawn(async move {
                    while socket.recv_from(&mut [0; 8]).await.is_ok() {
                        told.note(|| format!("* datagram at {:?}", told.time().now()));
                    }
                });
                let listener = ctx.network().bind(ctx.my_ip()).await?;
                while let Ok((mut stream, _)) = listener.accept().await {
                    while let Ok(byte) = stream.read_u8().await {
                        ctx.note(|| format!("* {byte} at {:?}", ctx.time().now()));
                    }
                }
                Ok(())
            }),
        )
        .workload(client!(async |ctx: &SimContext| {
            ctx.time().sleep(millis(10)).await;
            let mut stream = ctx.network().connect("server").await?;
            let socket = UdpSocket::bind((ctx.my_ip(), 9)).await?;
            for byte in 1..=2 {
                ctx.time().sleep((millis(100) * byte).saturating_sub(ctx.time().now())).await;
                stream.write_u8(byte as u8).await?;
                socket.send_to(b"x", "server:9").await?;
            }
            ctx.time().sleep(millis(500)).await;
            Ok(())
        }))
        .injector(breaker!(async move |faults: &Faults| {
            let random = faults.random().clone();
            let _rule = faults.packets(move |packet| rule(packet, &random));
            std::future::pending().await
        }))
        .latency(Latency::between(millis(1)..=millis(1)))
        .without(FaultKind::Hold);
    told(builder)
}

#[test]
fn a_rule_says_what_happens_to_each_packet() {
    let usual = ["1 at 101ms", "datagram at 101ms", "2 at 201ms", "datagram at 201ms"];
    let (outcome, lines) = ruled(|_, _| Fate::Deliver);
    assert_eq!((lines.as_slice(), outcome.faults().count()), (usual.map(str::to_owned).as_slice(), 0));

    // the second byte waits for the first
    let first =
        |packet: &Packet<'_>, fate| if packet.bytes == [1] || packet.bytes == *b"x" { fate } else { Fate::Deliver };
    let (outcome, lines) = ruled(move |packet, _| first(packet, Fate::Delay(millis(150))));
    assert_eq!(lines, ["1 at 250ms", "2 at 250ms", "datagram at 251ms", "datagram at 351ms"]);
    assert_eq!((outcome.injected(FaultKind::Clog), outcome.injected(FaultKind::Reorder)), (1, 2));

    let (outcome, lines) = ruled(move |packet, _| first(packet, Fate::Lose));
    assert_eq!(lines, ["1 at 300ms", "2 at 300ms"]);
    assert_eq!((outcome.injected(FaultKind::Clog), outcome.injected(FaultKind::Loss)), (1, 2));

    let (outcome, lines) = ruled(move |packet, _| first(packet, Fate::Reset));
    assert_eq!(lines, [""; 0]);
    assert_eq!((outcome.injected(FaultKind::Reset), outcome.gave_up()), (1, 1));

    let connect = |packet: &Packet<'_>, fate| if packet.kind == PacketKind::Connect { fate } else { Fate::Deliver };
    let (outcome, _) = ruled(move |packet, _| connect(packet, Fate::Reset));
    assert_eq!((outcome.injected(FaultKind::Refuse), outcome.gave_up()), (1, 1));
    let (outcome, _) = ruled(move |packet, _| connect(packet, Fate::Lose));
    assert_eq!((outcome.injected(FaultKind::Hang), outcome.gave_up()), (1, 1));
    let (_, lines) = ruled(move |packet, _| connect(packet, Fate::Delay(millis(150))));
    assert_eq!(lines, ["1 at 163ms", "datagram at 163ms", "2 at 201ms", "datagram at 201ms"]);
}

/// Its draws are choices of the tape; its panic is the injector's, and no finding of the system's.
#[test]
fn a_rule_draws_and_fails_for_its_injector() {
    let (outcome, lines) =
        ruled(|_, random| if random.label("lose").random_bool(0.5) { Fate::Reset } else { Fate::Deliver });
    assert_eq!((lines.len(), outcome.faults().count()), (4, 0), "calm");

    let simulation = asking(1)
        .injector(breaker!(async |faults: &Faults| {
            let _rule = faults.packets(|_| panic!("no rule"));
            std::future::pending().await
        }))
        .build();
    assert_eq!(simulation.run(&Tape::calm()).finding().unwrap().identity, "injector: breaker: no rule");
}

#[test]
fn a_host_refuses_for_a_while() {
    let (outcome, lines) = told(asking(3).injector(breaker!(async |faults: &Faults| {
        faults.refuse("server-0", millis(150));
        Ok(())
    })));
    assert_eq!(lines, ["ConnectionRefused", "answered", "answered"]);
    assert_eq!(outcome.injected(FaultKind::Refuse), 1);
}

#[test]
fn wall_clocks_are_set_off() {
    let simulation = SimulationBuilder::new()
        .processes(1, server!(echo))
        .workload(client!(async |ctx: &SimContext| {
            ctx.time().sleep(millis(100)).await;
            let start = ctx.time().wall() - ctx.time().now();
            ctx.time().sleep(millis(100)).await;
            let ahead = |ctx: &SimContext| {
                let shown = ctx.time().wall().duration_since(start).unwrap();
                (shown - ctx.time().now()).as_millis()
            };
            assert_eq!(ahead(ctx), 70, "skewed by 50 and then jumped by 20");
            ctx.time().sleep(millis(100)).await;
            assert_eq!(ahead(ctx), 75, "and drifting from 250 on");
            Ok(())
        }))
        .injector(breaker!(async |faults: &Faults| {
            let true_time = faults.time().wall();
            faults.time().sleep(millis(150)).await;
            faults.skew("client", 50);
            faults.jump("client", 20);
            faults.time().sleep(millis(100)).await;
            faults.drift("client", 100_000);
            assert_eq!(faults.time().wall(), true_time + millis(250), "an injector's clock is right");
            Ok(())
        }))
        .build();
    let outcome = simulation.run(&Tape::calm());
    outcome.assert_ok();
    for kind in [FaultKind::Skew, FaultKind::Jump, FaultKind::Drift] {
        assert_eq!(outcome.injected(kind), 1, "{kind}");
    }
}

/// It begins with the storm and is dropped when that ends, and its guards with it.
#[test]
fn an_injector_runs_in_the_storm_alone() {
    let times = Arc::new(Mutex::new(Vec::new()));
    let seen = times.clone();
    let simulation = SimulationBuilder::new()
        .processes(1, server!(echo))
        .workload(|| {
            let wait = async |ctx: &SimContext| {
                ctx.time().sleep(millis(100)).await;
                Ok(())
            };
            let check = async |ctx: &SimContext| {
                ctx.network().connect("server").await?.write_u8(1).await?;
                Ok(())
            };
            Box::new(Phases(wait, wait, check))
        })
        .injector(move || {
            let seen = seen.clone();
            Box::new(Breaker(async move |faults: &Faults| {
                let _cut = faults.isolate("server");
                loop {
                    seen.lock().unwrap().push(faults.time().now());
                    faults.time().sleep(millis(30)).await;
                }
            }))
        })
        .build();
    simulation.run(&Tape::calm()).assert_ok();
    assert_eq!(*times.lock().unwrap(), [100, 130, 160, 190].map(millis));
}

#[test]
fn its_failures_are_findings() {
    let identity = |inject: fn(&Faults) -> SimulationResult<()>| {
        let simulation = asking(1).injector(breaker!(async move |faults: &Faults| inject(faults))).build();
        simulation.run(&Tape::calm()).finding().unwrap().identity.clone()
    };
    assert_eq!(
        identity(|_| Err(SimulationError::InvalidState("no leader yet".into()))),
        "injector: breaker: invalid state: no leader yet"
    );
    assert_eq!(identity(|_| panic!("index 7")), "injector: breaker: index #");
    assert_eq!(
        identity(|faults| {
            faults.crash("client");
            Ok(())
        }),
        "injector: breaker: client is a workload, and workloads survive everything"
    );
    assert_eq!(
        identity(|faults| {
            faults.crash("servers");
            Ok(())
        }),
        "injector: breaker: no host is called `servers`"
    );
}

/// Each run has an injector of its own, and its draws are choices under its name.
#[test]
fn it_is_made_per_run_and_draws_from_the_tape() {
    struct Once(bool);
    #[async_trait(?Send)]
    impl FaultInjector for Once {
        fn name(&self) -> &str {
            "once"
        }
        async fn inject(&mut self, faults: &Faults) -> SimulationResult<()> {
            assert!(!std::mem::replace(&mut self.0, true), "an injector of its own");
            if faults.random().label("now").random_bool(0.5) {
                faults.crash("server-1");
            }
            Ok(())
        }
    }
    let simulation = asking(1).injector(|| Box::new(Once(false))).build();
    let crash = tape(&[("fault/once/now", 0, 1)]);
    for _ in 0..3 {
        assert_eq!(simulation.run(&Tape::calm()).crashes(), 0);
        assert_eq!(simulation.run(&crash).crashes(), 1);
    }
    let report = asking(1).injector(|| Box::new(Once(false))).iterations(100).run();
    report.assert_ok();
    assert!((30..70).contains(&report.injected(FaultKind::Crash)), "{report}");
}

#[test]
fn a_kind_that_is_off_is_off_for_injectors_too() {
    let builder = asking(2).without(FaultKind::Crash).injector(breaker!(async |faults: &Faults| {
        faults.crash("server-0");
        Ok(())
    }));
    let (outcome, lines) = told(builder);
    assert_eq!(outcome.faults().count(), 0);
    assert_eq!(lines, ["answered", "answered"]);
}

/// A workload that loses its server to an injector has given up, like any in bad weather.
#[test]
fn what_an_injector_breaks_is_weather() {
    let simulation = SimulationBuilder::new()
        .processes(1, server!(echo))
        .workload(client!(async |ctx: &SimContext| {
            let mut stream = ctx.network().connect("server").await?;
            stream.read_u8().await?;
            Ok(())
        }))
        .injector(breaker!(async |faults: &Faults| {
            faults.time().sleep(millis(50)).await;
            faults.crash("server");
            Ok(())
        }))
        .build();
    let outcome = simulation.run(&Tape::calm());
    outcome.assert_ok();
    assert_eq!(outcome.gave_up(), 1);
}

#[test]
fn the_report_warns_of_injectors_that_did_nothing() {
    let idle = breaker!(async |_: &Faults| Ok(()));
    let text = asking(1).injector(idle).iterations(5).run().to_string();
    assert!(text.contains("warning: the injector breaker was at work in 5 runs and injected nothing\n"), "{text}");

    let fails = async |_: &SimContext| Err(SimulationError::InvalidState("no".into()));
    let report = SimulationBuilder::new()
        .workload(move || Box::new(Phases(fails, nothing, nothing)))
        .injector(idle)
        .iterations(5)
        .run();
    let text = report.to_string();
    assert!(text.contains("warning: the injector breaker never ran: no run came to its storm\n"), "{text}");

    let busy = breaker!(async |faults: &Faults| {
        faults.crash("server-0");
        Ok(())
    });
    let text = asking(1).injector(busy).iterations(5).run().to_string();
    assert!(!text.contains("warning"), "{text}");
}

/// The same tape gives the same run, also with a reseed in the middle of the injector's work.
#[test]
fn runs_with_injectors_repeat() {
    let simulation = asking(5)
        .injector(breaker!(async |faults: &Faults| {
            loop {
                let wait = faults.random().random_range(millis(1)..millis(100));
                faults.time().sleep(wait).await;
                let servers = faults.topology().all_process_ips();
                if let Some(&ip) = faults.random().choose(servers) {
                    faults.isolate(ip).lasting(wait);
                }
            }
        }))
        .attrition(Attrition::default())
        .build();
    for seed in 0..50 {
        let mut tape = Tape::swarm(seed);
        tape.put(simfuzz::choice::Row::reseed(250_000, seed as u32 + 1));
        let first = simulation.run(&tape);
        simulation.run(&Tape::swarm(seed + 1_000));
        assert_eq!(first.digest(), simulation.run(&tape).digest());
    }
}
