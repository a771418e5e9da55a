//! The frames of an episode, for tests of what consumes the journal.

use std::sync::Arc;

use lightning_exchange::{
    domain::{
        instruments::Instruments,
        replica::{Frame, Terms},
        types::random::Random,
    },
    journal::block,
    store::{self, Frames},
};

use super::{
    episode::{Course, Game, Violation},
    nth_seed,
    swarm::Setup,
    world::World,
};

/// What an episode left in its journal.
#[derive(Debug)]
pub struct Flow {
    /// The assets and symbols.
    pub instruments: Arc<Instruments>,
    /// Every frame with its number, from the first.
    pub frames: Vec<(u64, Frame)>,
}

/// Plays one seed for `steps` steps and returns its frames.
///
/// # Errors
/// The first violated rule.
pub fn flow(seed: u64, steps: usize) -> Result<Flow, Violation> {
    play(seed, steps).map_err(|text| Violation { seed, step: 0, text })
}

fn play(seed: u64, steps: usize) -> Result<Flow, String> {
    let mut choices = Random::new(nth_seed(seed, 0));
    let setup = Setup::draw(&mut choices);
    let mut world = World::new(&setup.assets, &setup.symbols, &setup.slots, setup.limits)?;
    world.keep_frames();
    let instruments = world.shared_instruments();
    let mut first = Frames::default();
    first.push_terms(&Terms::of(&instruments, setup.limits));
    let mut flow = Flow { instruments, frames: Vec::new() };
    flow.take(&first.take().0)?;
    let mut game = Game::new(setup, world, choices, Course::Shuffled);
    game.open()?;
    for _ in 0..steps {
        game.shuffled_step()?;
        flow.take(&game.world.take_frames().0)?;
        drop(game.world.take_answers());
        drop(game.world.take_printed());
    }
    Ok(flow)
}

impl Flow {
    fn take(&mut self, bytes: &[u8]) -> Result<(), String> {
        let next = self.frames.len() as u64 + 1;
        for (number, bytes) in block::Frames::new(next, bytes) {
            self.frames.push((number, store::decode(bytes).map_err(|error| error.to_string())?));
        }
        Ok(())
    }
}
