//! Waits at the door and lets clients in, so many at once.

use super::connection::Door;
use crate::config::Lmtp;
use crate::network::Email;
use causeway_core::network::House;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

/// A pause after a failure to listen or to accept.
const PAUSE: Duration = Duration::from_secs(2);

enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

type Client = Box<dyn Stream>;

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

// ---------------------------------------------------------------------------------------------------------------------

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// Listens until the process stops. An address that cannot be had is tried for again.
pub(crate) async fn listen(email: &Email, config: &Lmtp, house: House) {
    let door = Arc::new(Door {
        name: email.desk.domain.domain.clone(),
        desk: email.desk.clone(),
        most_recipients: config.recipients,
        command_limit: Duration::from_secs(config.command_seconds),
        data_limit: Duration::from_secs(config.data_seconds),
        house: house.clone(),
    });
    let room = Arc::new(Semaphore::new(config.connections));
    let serving = async {
        loop {
            email.open.store(false, Ordering::Relaxed);
            match bind(&config.listen).await {
                Ok(listener) => {
                    tracing::info!(listen = config.listen, "LMTP is open");
                    email.open.store(true, Ordering::Relaxed);
                    accept(&listener, &door, &room).await;
                }
                Err(error) => tracing::error!(listen = config.listen, "LMTP cannot listen: {error}"),
            }
            sleep(PAUSE).await;
        }
    };
    tokio::select! {
        () = serving => {}
        () = house.tasks.stopping() => {}
    }
    email.open.store(false, Ordering::Relaxed);
    if let Some(path) = config.listen.strip_prefix("unix:") {
        let _ = std::fs::remove_file(path);
    }
}

/// Opens the address. A socket file that nobody answers at is left over from a process that died, and is replaced.
async fn bind(listen: &str) -> io::Result<Listener> {
    let Some(path) = listen.strip_prefix("unix:") else {
        return TcpListener::bind(listen).await.map(Listener::Tcp);
    };
    if UnixStream::connect(path)
        .await
        .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
    {
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    // The mail server runs as another user; the directory decides who comes this far.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666))?;
    Ok(Listener::Unix(listener))
}

/// Whether the address could be listened at; for the health check.
pub(crate) async fn try_bind(listen: &str) -> io::Result<()> {
    match listen.strip_prefix("unix:") {
        None => match listen.parse::<SocketAddr>() {
            Ok(address) => TcpListener::bind(address).await.map(drop),
            Err(_) => Err(io::ErrorKind::InvalidInput.into()),
        },
        Some(path) if UnixStream::connect(path).await.is_ok() => Err(io::ErrorKind::AddrInUse.into()),
        Some(path) => match std::path::Path::new(path).parent().map(std::fs::metadata) {
            Some(Ok(folder)) if folder.is_dir() => Ok(()),
            Some(Err(error)) => Err(error),
            Some(Ok(_)) | None => Err(io::ErrorKind::NotFound.into()),
        },
    }
}

async fn accept(listener: &Listener, door: &Arc<Door>, room: &Arc<Semaphore>) {
    loop {
        let client = match listener.next().await {
            Ok(client) => client,
            Err(error) => {
                tracing::warn!("LMTP cannot accept: {error}");
                return;
            }
        };
        match room.clone().try_acquire_owned() {
            Ok(place) => {
                let served = door.clone();
                let serve = async move {
                    served.serve(client).await;
                    drop(place);
                };
                door.house.tasks.start("lmtp connection", Box::pin(serve));
            }
            Err(_) => send_away(client).await,
        }
    }
}

async fn send_away(mut client: Client) {
    let sentence = b"421 4.3.2 Too many connections, please come again\r\n";
    let _ = timeout(Duration::from_secs(1), client.write_all(sentence)).await;
}

impl Listener {
    async fn next(&self) -> io::Result<Client> {
        Ok(match self {
            Self::Tcp(listener) => {
                let (client, _) = listener.accept().await?;
                client.set_nodelay(true)?;
                Box::new(client)
            }
            Self::Unix(listener) => Box::new(listener.accept().await?.0),
        })
    }
}
