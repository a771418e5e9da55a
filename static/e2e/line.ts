// Intercepts the connection between the page and the exchange.
import type { Page, WebSocketRoute } from '@playwright/test';

/** Records the sockets that were opened, and can drop messages of the server. */
export class Line {
  sockets: WebSocketRoute[] = [];
  swallowed = 0;
  swallow: (message: string) => boolean = () => false;

  static async tap(page: Page): Promise<Line> {
    const line = new Line();
    await page.routeWebSocket(/\/stream$/, (socket) => {
      line.sockets.push(socket);
      const server = socket.connectToServer();
      server.onMessage((message) => {
        if (line.swallow(String(message))) line.swallowed += 1;
        else socket.send(message);
      });
    });
    return line;
  }
}
