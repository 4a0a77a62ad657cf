//! What a client configures of a block goes to its driver.

use super::*;

const GIVEN: PreviewParameters = PreviewParameters::NoiseFilter(NoiseFilter { spread: 3 });

/// The three calls of a configuration; what each of them said.
fn configured(node: &mut Node<Fake>, handle: Handle) -> [Result<(), Refusal>; 3] {
    let caller = (ALICE, handle);
    [
        node.preview_parameters(caller, GIVEN),
        node.preview_table(caller, PreviewTable::NoiseFilter, |bytes| {
            bytes[..2].copy_from_slice(&[7, 8]);
            Ok(2)
        }),
        node.preview_configure(caller, PreviewFeatures::NF, PreviewFeatures::NONE),
    ]
}

#[test]
fn a_configuration_is_the_drivers() {
    let (mut node, fake, handle) = serving();
    assert_eq!(configured(&mut node, handle), [Ok(()); 3]);
    let calls = [
        "give NoiseFilter(NoiseFilter { spread: 3 })",
        "give NoiseFilter [7, 8]",
        "configure 0x8000 0x0",
    ];
    assert_eq!(fake.take(), calls);
    for error in [
        NodeError::NoConfiguration,
        NodeError::UnsupportedFeature,
        NodeError::InvalidConfiguration,
        NodeError::Busy,
    ] {
        fake.0.borrow_mut().refusal = Some(ipc::Error::Op(error));
        assert_eq!(configured(&mut node, handle), [Err(ipc::Error::Op(error)); 3]);
    }
}

#[test]
fn a_configuration_needs_a_handle_and_a_driver() {
    let (mut node, fake, handle) = serving();
    let other = node.open(ALICE).unwrap();
    node.close(ALICE, handle).unwrap();
    let none = Err(ipc::Error::Op(NodeError::BadHandle));
    assert_eq!(configured(&mut node, handle), [none; 3]);
    // Not even what was lent is looked at.
    let lent =
        node.preview_table((ALICE, handle), PreviewTable::Cfa, |_| panic!("a closed handle"));
    assert_eq!(lent, none);
    edge(&mut node, DRIVER, Edge::Died, 0);
    let ended = Err(ipc::Error::Disconnected(record(DRIVER)));
    assert_eq!(configured(&mut node, other), [ended; 3]);
    assert!(!fake.take().iter().any(|call| call.starts_with("give")), "nobody is there");
}

#[test]
fn a_caller_that_is_gone_gives_no_table() {
    let (mut node, fake, handle) = serving();
    let gone = ipc::Error::Op(NodeError::WouldBlock);
    let lent = node.preview_table((ALICE, handle), PreviewTable::Cfa, |_| Err::<usize, _>(gone));
    assert_eq!(lent, Err(gone));
    assert_eq!(fake.take(), [""; 0], "a lease that ends in the middle reaches no driver");
}

const LEVELS: CcdcParameters = CcdcParameters::BlackCompensation(BlackCompensation([1, 2, 3, 4]));

/// The three calls of a correction; the table has this many bytes.
fn corrected(node: &mut Node<Fake>, handle: Handle, bytes: usize) -> [Result<(), Refusal>; 3] {
    let caller = (ALICE, handle);
    [
        node.ccdc_parameters(caller, LEVELS),
        node.ccdc_table(caller, (CcdcTable::LensShading, bytes), |offset, piece| {
            piece.fill((offset / 1024) as u8);
            Ok(())
        }),
        node.ccdc_configure(caller, CcdcFeatures::BCOMP, CcdcFeatures::NONE),
    ]
}

#[test]
fn a_long_table_goes_on_in_pieces_and_ends_with_the_first_refusal() {
    let (mut node, fake, handle) = serving();
    assert_eq!(corrected(&mut node, handle, 2052), [Ok(()); 3]);
    let calls = [
        "give BlackCompensation(BlackCompensation([1, 2, 3, 4]))",
        "give LensShading 0+1024 of 2052 Some(0)",
        "give LensShading 1024+1024 of 2052 Some(1)",
        "give LensShading 2048+4 of 2052 Some(2)",
        "correct 0x8 0x0",
    ];
    assert_eq!(fake.take(), calls);
    let table = (CcdcTable::FaultPixels, 0);
    assert_eq!(node.ccdc_table::<Refusal>((ALICE, handle), table, |_, _| Ok(())), Ok(()));
    assert_eq!(fake.take(), ["give FaultPixels 0+0 of 0 None"]);
    for error in [NodeError::NoConfiguration, NodeError::InvalidConfiguration, NodeError::Busy] {
        fake.0.borrow_mut().refusal = Some(ipc::Error::Op(error));
        assert_eq!(corrected(&mut node, handle, 4096), [Err(ipc::Error::Op(error)); 3]);
        assert_eq!(fake.take().len(), 3, "one piece");
    }
}

#[test]
fn a_correction_needs_a_handle_a_driver_and_a_caller() {
    let (mut node, fake, handle) = serving();
    let gone = ipc::Error::Op(NodeError::WouldBlock);
    let mut pieces = 0;
    let lent = node.ccdc_table((ALICE, handle), (CcdcTable::FaultPixels, 4096), |_, _| {
        pieces += 1;
        if pieces == 2 { Err(gone) } else { Ok(()) }
    });
    assert_eq!(lent, Err(gone));
    assert_eq!(fake.take(), ["give FaultPixels 0+1024 of 4096 Some(0)"], "no further piece");
    let other = node.open(ALICE).unwrap();
    node.close(ALICE, handle).unwrap();
    let none = Err(ipc::Error::Op(NodeError::BadHandle));
    assert_eq!(corrected(&mut node, handle, 8), [none; 3]);
    edge(&mut node, DRIVER, Edge::Died, 0);
    let ended = Err(ipc::Error::Disconnected(record(DRIVER)));
    assert_eq!(corrected(&mut node, other, 8), [ended; 3]);
    assert!(!fake.take().iter().any(|call| call.starts_with("give")), "nobody is there");
}
