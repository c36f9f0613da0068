//! Servers for the journeys, inside of the test: their clock is the test's.

use tickmark_app::testing::{Account, World};
use tickmark_app::{Actor, App};
use tickmark_core::identity::Role;
use tickmark_web::Settings;
use tokio::runtime::Runtime;

use crate::answer::HOST_NAME;
use crate::driver::Window;
use crate::members::{Browser, Server};

/// A server that a browser reaches, over a data folder of its own.
pub(crate) struct Served {
    pub(crate) server: Server,
    pub(crate) home: String,
    runtime: Runtime,
}

impl Served {
    /// Over an empty organization.
    pub(crate) fn start() -> Self {
        let (runtime, world) = (runtime(), World::sqlite());
        let (app, program) = runtime.block_on(world.start());
        Self::over(runtime, world, app, program)
    }

    /// Over an empty organization, and so many days ago.
    pub(crate) fn start_days_ago(days: i64) -> Self {
        let (runtime, world) = (runtime(), World::sqlite());
        world.wait(-days * 86_400);
        let (app, program) = runtime.block_on(world.start());
        Self::over(runtime, world, app, program)
    }

    fn over(runtime: Runtime, world: World, app: App, program: Actor) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("not blocking");
        let port = listener.local_addr().expect("an address").port();
        // People reach it by the browser, and what is there before they come is sent without a socket.
        let mut settings = Settings::loopback(port);
        settings.hosts.push(HOST_NAME.to_owned());
        let server = Server::over(world, app, program, settings);
        let router = server.router.clone();
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            axum::serve(listener, router).await
        });
        // Passkeys are bound to names; this one means the same machine.
        Self { server, home: format!("http://localhost:{port}"), runtime }
    }

    pub(crate) fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Somebody with this role, signed in.
    pub(crate) fn member(&self, name: &str, roles: &[Role]) -> (Browser, Account) {
        self.run(self.server.member(name, roles))
    }

    /// A window in which nobody is signed in.
    pub(crate) fn window(&self) -> Window {
        Window::open(&self.home).with_passkeys()
    }
}

impl Window {
    /// Somebody who is signed in sits down.
    pub(crate) fn seat(&self, who: &Browser) {
        self.hand_over(&who.cookies.clone().into_iter().collect::<Vec<_>>());
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}
