//! Processes that stand still, fail together, join and leave, each by exceptions on the calm tape.
#![cfg(feature = "sim")]

#[macro_use]
mod common;

use common::{Client, Phases, Server, echo, millis, tape, tell, told};
use simfuzz::prelude::*;
use std::net::IpAddr;

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// A process whose only sign of life is a line each second.
async fn ticks(ctx: &SimContext) -> SimulationResult<()> {
    tell(ctx, format_args!("{} boot {}", ctx.name(), ctx.boot()));
    for tick in 1.. {
        ctx.time().sleep(seconds(1)).await;
        tell(ctx, format_args!("{} tick {tick}", ctx.name()));
    }
    Ok(())
}

fn for_seconds(n: u64) -> impl Fn() -> Box<dyn Workload> {
    client!(async move |ctx: &SimContext| {
        ctx.time().sleep(seconds(n)).await;
        Ok(())
    })
}

/// The pause after `at` microseconds; it lasts 10 ms and so many microseconds more.
fn pause(at: u64, more: u64) -> [(&'static str, u32, u64); 2] {
    [("fault/pause/gap", 0, at), ("fault/pause/length", 0, more)]
}

#[test]
fn a_process_that_stands_still_goes_on_where_it_was() {
    let simulation = SimulationBuilder::new()
        .processes(1, server!(ticks))
        .workload(for_seconds(8))
        .pauses(Pauses::default())
        .build();
    let (outcome, text) = told(&simulation, &tape(&pause(1_500_000, 2_990_000)));
    assert_eq!((outcome.injected(FaultKind::Pause), outcome.restarts()), (1, 0));
    // the timer of the second tick was over at 2s; from there on it counts anew
    let expected = "\
0ns server boot 0
1s server tick 1
4.5s server tick 2
5.5s server tick 3
6.5s server tick 4
7.5s server tick 5
";
    assert_eq!(text, expected);
}

#[test]
fn the_kernel_of_a_process_that_stands_still_goes_on() {
    let simulation = SimulationBuilder::new()
        .processes(1, server!(echo))
        .workload(client!(async |ctx: &SimContext| {
            ctx.time().sleep(seconds(2)).await;
            let mut stream = ctx.network().connect("server").await?;
            tell(ctx, "connected");
            stream.write_u8(7).await?;
            stream.read_u8().await?;
            tell(ctx, "answered");
            Ok(())
        }))
        .latency(Latency::between(millis(1)..=millis(1)))
        .pauses(Pauses::default())
        .build();
    let (_, text) = told(&simulation, &tape(&pause(1_000_000, 3_990_000)));
    assert_eq!(text, "2.002s connected\n5.001s answered\n");
}

/// The storm is over with the last workload; who stands still then goes on at once.
#[test]
fn everybody_goes_on_when_the_storm_is_over() {
    let check = async |ctx: &SimContext| {
        let mut stream = ctx.network().connect("server").await?;
        stream.write_u8(1).await?;
        tell(ctx, format_args!("{} answered", stream.read_u8().await?));
        Ok(())
    };
    let run = async |ctx: &SimContext| {
        ctx.time().sleep(seconds(2)).await;
        Ok(())
    };
    let simulation = SimulationBuilder::new()
        .processes(1, server!(echo))
        .workload(move || Box::new(Phases(common::nothing, run, check)))
        .latency(Latency::between(millis(1)..=millis(1)))
        .pauses(Pauses::default())
        .build();
    let (outcome, text) = told(&simulation, &tape(&pause(1_000_000, 20_000_000)));
    assert_eq!(text, "2.004s 1 answered\n");
    assert!(outcome.came_to_rest());
}

/// It boots as any other would, and the end of its pause disturbs nobody.
#[test]
fn a_process_that_stands_still_may_crash() {
    let simulation = SimulationBuilder::new()
        .processes(1, server!(ticks))
        .workload(for_seconds(9))
        .pauses(Pauses::default())
        .outages(Outages::default().max_dead(1))
        .build();
    let mut exceptions = pause(1_500_000, 4_990_000).to_vec();
    exceptions.extend([("fault/outage/gap", 0, 3_000_000), ("fault/pause/gap", 1, 4_000_000)]);
    let (outcome, text) = told(&simulation, &tape(&exceptions));
    assert_eq!((outcome.injected(FaultKind::Pause), outcome.injected(FaultKind::Outage)), (2, 1));
    // the second pause is from 5.5s on, for 10 ms: the end of the first one would be at 6.5s
    let expected = "\
0ns server boot 0
1s server tick 1
3.1s server boot 1
4.1s server tick 1
5.1s server tick 2
6.1s server tick 3
7.1s server tick 4
8.1s server tick 5
";
    assert_eq!(text, expected);
}

fn three_zones() -> Cluster {
    Cluster::new().zones(3)
}

#[test]
fn places_are_in_the_topology_and_among_the_tags() {
    let simulation = SimulationBuilder::new()
        .processes(5, server!(async |_: &SimContext| std::future::pending().await))
        .workload(client!(async |ctx: &SimContext| {
            let topology = ctx.topology();
            let ips = topology.all_process_ips();
            assert_eq!(topology.zones(), ["dc-0/zone-0", "dc-0/zone-1", "dc-0/zone-2"]);
            assert_eq!((topology.datacenters().len(), topology.machines().len()), (1, 5));
            assert_eq!(topology.ips_in("dc-0/zone-1"), [ips[1], ips[4]]);
            assert_eq!(topology.ips_tagged("zone", "dc-0/zone-1"), [ips[1], ips[4]]);
            let place = topology.place_of(ips[4]).unwrap();
            assert_eq!(place.machine, "dc-0/zone-1/machine-1");
            assert_eq!((place.zone.as_str(), place.datacenter.as_str()), ("dc-0/zone-1", "dc-0"));
            assert_eq!(topology.place_of(ctx.my_ip()), None);
            Ok(())
        }))
        .cluster(three_zones())
        .build();
    simulation.run(&Tape::calm()).assert_ok();
}

/// Five processes in three zones: `zone-0` has the first and the fourth.
fn cluster(outages: Outages) -> Simulation {
    SimulationBuilder::new()
        .processes(
            5,
            server!(async |ctx: &SimContext| {
                struct Gone(SimContext);
                impl Drop for Gone {
                    fn drop(&mut self) {
                        tell(&self.0, format_args!("{} boot {} ends", self.0.name(), self.0.boot()));
                    }
                }
                let _gone = Gone(ctx.clone());
                if ctx.boot() > 0 {
                    tell(ctx, format_args!("{} boot {}", ctx.name(), ctx.boot()));
                }
                std::future::pending().await
            }),
        )
        .workload(for_seconds(5))
        .cluster(three_zones())
        .outages(outages)
        .build()
}

#[test]
fn a_zone_fails_as_a_whole_and_each_comes_back_by_itself() {
    let zone = [("fault/outage/gap", 0, 1_000_000), ("fault/outage/level", 0, 1), ("fault/outage/which", 0, 0)];
    let mut exceptions = zone.to_vec();
    exceptions.push(("fault/10.0.1.4/restart", 0, 400_000_000));
    let (outcome, text) = told(&cluster(Outages::default()), &tape(&exceptions));
    let expected = "\
1s server-0 boot 0 ends
1s server-3 boot 0 ends
1.1s server-0 boot 1
1.5s server-3 boot 1
";
    assert!(text.starts_with(expected), "{text}");
    assert_eq!((outcome.injected(FaultKind::Outage), outcome.crashes(), outcome.restarts()), (1, 0, 2));

    // of those that may fail, with one process down at most, there is a single zone
    let (_, text) = told(&cluster(Outages::default().max_dead(1)), &tape(&zone));
    assert_eq!(text.lines().next(), Some("1s server-2 boot 0 ends"));
    // and no datacenter ever: it has them all
    let (outcome, _) =
        told(&cluster(Outages::default()), &tape(&[("fault/outage/gap", 0, 1_000_000), ("fault/outage/level", 0, 2)]));
    assert_eq!(outcome.injected(FaultKind::Outage), 0);
    let (outcome, _) = told(
        &cluster(Outages::default().max_dead(5)),
        &tape(&[("fault/outage/gap", 0, 1_000_000), ("fault/outage/level", 0, 2)]),
    );
    assert_eq!((outcome.injected(FaultKind::Outage), outcome.restarts()), (1, 5));
}

/// Two machines at 100 ms, of which the second would be one too many.
#[test]
fn outages_together_leave_a_majority() {
    let machines = [
        ("fault/outage/gap", 0, 1_000_000),
        ("fault/outage/gap", 1, 10_000),
        ("fault/outage/gap", 2, 10_000),
        ("fault/outage/which", 1, 1),
        ("fault/outage/which", 2, 2),
    ];
    let (outcome, _) = told(&cluster(Outages::default()), &tape(&machines));
    assert_eq!((outcome.injected(FaultKind::Outage), outcome.restarts()), (2, 2));
}

async fn reaches(ctx: &SimContext, ip: IpAddr) -> &'static str {
    match ctx.network().connect(ip).await {
        Ok(_) => "there",
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => "refused",
        Err(_) => "?",
    }
}

/// Three processes, the last of which is a spare, and who answers when.
fn growing() -> Simulation {
    let look = async |ctx: &SimContext| {
        let mut seen = Vec::new();
        for &ip in ctx.topology().all_process_ips() {
            seen.push(reaches(ctx, ip).await);
        }
        tell(ctx, seen.join(" "));
        Ok(())
    };
    let run = async move |ctx: &SimContext| {
        look(ctx).await?;
        ctx.time().sleep(seconds(2)).await;
        look(ctx).await
    };
    SimulationBuilder::new()
        .processes(
            3,
            server!(async |ctx: &SimContext| {
                tell(ctx, format_args!("{} boot {}", ctx.name(), ctx.boot()));
                echo(ctx).await
            }),
        )
        .workload(move || Box::new(Phases(look, run, look)))
        .latency(Latency::between(millis(1)..=millis(1)))
        .churn(Churn::default())
        .build()
}

#[test]
fn a_spare_joins_when_the_tape_says_or_when_the_storm_is_over() {
    let (outcome, text) = told(&growing(), &tape(&[("fault/10.0.1.3/join", 0, 1_000_000)]));
    assert_eq!((outcome.injected(FaultKind::Join), outcome.restarts()), (1, 0));
    let expected = "\
0ns server-0 boot 0
0ns server-1 boot 0
6ms there there refused
12ms there there refused
1.006s server-2 boot 0
2.018s there there there
2.026s there there there
";
    assert_eq!(text, expected);

    let (outcome, text) = told(&growing(), &Tape::calm());
    assert_eq!((outcome.injected(FaultKind::Join), outcome.restarts()), (0, 0));
    assert!(text.ends_with("2.018s there there refused\n2.018s server-2 boot 0\n2.024s there there there\n"), "{text}");
}

#[test]
fn who_left_stays_away_and_nobody_waits_for_it() {
    let (outcome, text) = told(&growing(), &tape(&[("fault/leave/gap", 0, 100_000), ("fault/leave/which", 0, 1)]));
    assert_eq!((outcome.injected(FaultKind::Leave), outcome.stops(), outcome.crashes()), (1, 0, 0));
    // it does not listen to its token: after 2 seconds it is killed. The spare joins with the calm
    assert!(
        text.ends_with("2.018s there there refused\n2.018s server-2 boot 0\n2.024s there refused there\n"),
        "{text}"
    );
    assert!(outcome.came_to_rest());
    assert_eq!(outcome.restarts(), 0);
    // a spare can't leave before it joined
    let (outcome, _) = told(&growing(), &tape(&[("fault/leave/gap", 0, 100_000), ("fault/leave/which", 0, 2)]));
    assert_eq!(outcome.injected(FaultKind::Leave), 0);
}

#[test]
fn who_is_asked_to_leave_knows_it_and_has_time() {
    let simulation = SimulationBuilder::new()
        .processes(
            3,
            server!(async |ctx: &SimContext| {
                ctx.shutdown().cancelled().await;
                tell(ctx, format_args!("{} leaves: {}", ctx.name(), ctx.is_leaving()));
                ctx.time().sleep(seconds(1)).await;
                tell(ctx, format_args!("{} is done", ctx.name()));
                Ok(())
            }),
        )
        .workload(for_seconds(5))
        .attrition(Attrition::default())
        .churn(Churn::default().spares(0))
        .build();
    let (outcome, text) = told(&simulation, &tape(&[("fault/leave/gap", 0, 500_000)]));
    assert_eq!((outcome.injected(FaultKind::Leave), outcome.exits(), outcome.restarts()), (1, 1, 0));
    assert_eq!(text, "500ms server-0 leaves: true\n1.5s server-0 is done\n");
}

#[test]
fn the_disk_of_who_left_can_be_read() {
    let server = async |ctx: &SimContext| {
        let log = ctx.storage().open("log").await?;
        log.append(ctx.name().as_bytes()).await?;
        ctx.shutdown().cancelled().await;
        log.append(b" was here").await?;
        Ok(())
    };
    let run = async |ctx: &SimContext| {
        ctx.time().sleep(seconds(2)).await;
        Ok(())
    };
    let check = async |ctx: &SimContext| {
        for name in ["server-0", "server-1"] {
            let bytes = ctx.storage_of(name)?.open("log").await?.read_all().await?;
            let there = reaches(ctx, ctx.peer(name).unwrap()).await;
            tell(ctx, format_args!("{} ({there})", String::from_utf8_lossy(&bytes)));
        }
        Ok(())
    };
    let simulation = SimulationBuilder::new()
        .processes(3, server!(server))
        .workload(move || Box::new(Phases(common::nothing, run, check)))
        .latency(Latency::between(millis(1)..=millis(1)))
        .churn(Churn::default().spares(0))
        .build();
    let (_, text) = told(&simulation, &tape(&[("fault/leave/gap", 0, 500_000)]));
    let lines: Vec<_> = text.lines().map(|line| line.split_once(' ').unwrap().1).collect();
    assert_eq!(lines, ["server-0 was here (refused)", "server-1 (refused)"]);
}

/// However many may leave and are spares, a majority stays and one is there from the start.
#[test]
fn a_majority_stays() {
    let simulation = SimulationBuilder::new()
        .processes(5, server!(echo))
        .workload(for_seconds(20))
        .churn(Churn::default().spares(9).leaves(9).chance(1.0).within(seconds(1)))
        .build();
    let mut most = (0, 0);
    for seed in 0..20 {
        let outcome = simulation.run(&Tape::seeded(seed));
        outcome.assert_ok();
        most = most.max((outcome.injected(FaultKind::Leave), outcome.injected(FaultKind::Join)));
    }
    assert_eq!(most, (2, 4));
}

/// Every kind comes when it is on, and none that is off.
#[test]
fn what_is_off_never_comes() {
    let kinds = [
        FaultKind::Pause,
        FaultKind::Outage,
        FaultKind::Join,
        FaultKind::Leave,
        FaultKind::Skew,
        FaultKind::Drift,
        FaultKind::Jump,
    ];
    let builder = |off: &[FaultKind]| {
        let builder = SimulationBuilder::new()
            .processes(5, server!(echo))
            .workload(for_seconds(20))
            .cluster(three_zones())
            .pauses(Pauses::default())
            .outages(Outages::default())
            .churn(Churn::default())
            .clocks(ClockFaults::default())
            .iterations(40);
        off.iter().fold(builder, |builder, &kind| builder.without(kind))
    };
    let report = builder(&[]).run();
    report.assert_ok();
    assert!(report.faults_that_never_came().is_empty(), "{report}");
    for kind in kinds {
        let report = builder(&[kind]).run();
        report.assert_ok();
        for other in kinds {
            assert_eq!(report.injected(other) > 0, other != kind, "without {kind}:\n{report}");
        }
        assert!(report.faults_that_never_came().is_empty(), "without {kind}:\n{report}");
    }
    let report = builder(&kinds).run();
    assert!(kinds.iter().all(|&kind| report.injected(kind) == 0), "{report}");
}
