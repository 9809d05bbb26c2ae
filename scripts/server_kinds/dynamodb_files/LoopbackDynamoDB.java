import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.handler.ContextHandler;
import software.amazon.dynamodb.services.local.server.LocalDynamoDBRequestHandler;
import software.amazon.dynamodb.services.local.server.LocalDynamoDBServerHandler;

/**
 * DynamoDB Local on loopback alone, in memory, with one database for all: its own main class
 * listens on every address of the machine.
 */
public final class LoopbackDynamoDB {
    public static void main(String[] arguments) throws Exception {
        InetAddress loopback = InetAddress.getByName("127.0.0.1");
        Server server = new Server(new InetSocketAddress(loopback, Integer.parseInt(arguments[0])));
        boolean inMemory = true;
        boolean sharedDatabase = true;
        boolean delayStatuses = false;
        var requests =
                new LocalDynamoDBRequestHandler(0, inMemory, null, sharedDatabase, delayStatuses);
        server.setHandler(new ContextHandler(new LocalDynamoDBServerHandler(requests, null), "/"));
        server.start();
        server.join();
    }
}
