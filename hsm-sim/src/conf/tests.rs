use std::time::Duration;

use super::{Conf, fault::Effect};
use crate::{call::Call, random::Random};

fn parse(rest: &str) -> Result<Conf, String> {
    toml::from_str(&format!("module = \"m.so\"\n{rest}")).map_err(|error| error.to_string())
}

#[test]
fn a_fault_has_exactly_one_effect_on_a_known_call() {
    let conf =
        parse("[[fault]]\ncall = \"C_Sign\"\nafter = 2\nreturn = \"CKR_DEVICE_ERROR\"").unwrap();
    assert_eq!(
        conf.fault[0].effect,
        Effect::Return(cryptoki_sys::CKR_DEVICE_ERROR)
    );
    assert_eq!(
        (conf.fault[0].call, conf.fault[0].after, conf.fault[0].count),
        (Call::C_Sign, 2, None)
    );
    for refused in [
        "[[fault]]\ncall = \"C_Sing\"\ndie = true",
        "[[fault]]\ncall = \"C_Sign\"",
        "[[fault]]\ncall = \"C_Sign\"\ndie = true\nhang = \"3s\"",
        "[[fault]]\ncall = \"C_Sign\"\nreturn = \"CKR_NO_SUCH\"",
        "[[fault]]\ncall = \"C_Login\"\nflip-bit = true",
        "[[fault]]\ncall = \"C_Sign\"\ndie = true\nprobability = 1.5",
        "[[fault]]\ncall = \"C_Sign\"\nhang = \"-3s\"",
        "max-paralel = 3",
    ] {
        assert!(parse(refused).is_err(), "{refused}");
    }
    let vendor = parse("[[fault]]\ncall = \"C_Sign\"\nreturn = \"0x80000030\"").unwrap();
    assert_eq!(vendor.fault[0].effect, Effect::Return(0x8000_0030));
}

#[test]
fn a_spread_keeps_its_quantiles() {
    let conf = parse("latency = { C_Sign = { min = \"1ms\", median = \"3ms\", p99 = \"20ms\" } }")
        .unwrap();
    let latency = conf.latency(Call::C_Sign).unwrap();
    let random = Random::new(7);
    let mut samples: Vec<Duration> = (0..20_000).map(|_| latency.sample(&random)).collect();
    samples.sort();
    let within =
        |sample: Duration, wanted: f64| (sample.as_secs_f64() * 1000.0 / wanted - 1.0).abs() < 0.1;
    assert!(samples[0] >= Duration::from_millis(1));
    assert!(within(samples[10_000], 3.0), "median {:?}", samples[10_000]);
    assert!(within(samples[19_800], 20.0), "p99 {:?}", samples[19_800]);
    assert!(
        parse("latency = { C_Sign = { min = \"3ms\", median = \"2ms\", p99 = \"20ms\" } }")
            .is_err()
    );
}

#[test]
fn the_file_overrides_its_profile() {
    let conf = parse("profile = \"yubihsm2\"\nmax-parallel = 4").unwrap();
    assert_eq!(conf.max_parallel().unwrap().get(), 4);
    assert_eq!(conf.max_sessions().unwrap().get(), 16);
    assert_eq!(
        conf.latency(Call::C_Sign).unwrap().sample(&Random::new(1)),
        Duration::from_millis(139)
    );
    for name in ["luna-a790", "cloudhsm-2", "nshield-xc-base", "yubikey-piv"] {
        parse(&format!("profile = \"{name}\"")).unwrap();
    }
}
