package host;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Import;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.CrossOrigin;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;

/** An application in which everything happens that goes wrong in one, with the rendered filter as its author adds it. */
@SpringBootConfiguration
@EnableAutoConfiguration
@Import(mcpcors.McpCorsFilter.class)
@RestController
public class Application {

    public static void main(String[] args) {
        SpringApplication.run(Application.class, args);
    }

    @GetMapping("/broken")
    String broken() {
        throw new IllegalStateException("this is not for pages");
    }

    @GetMapping("/refused")
    ResponseEntity<String> refused() {
        return ResponseEntity.status(HttpStatus.UNAUTHORIZED).header("WWW-Authenticate", "Bearer").build();
    }

    @GetMapping("/sent-error")
    void sentError(HttpServletResponse response) throws IOException {
        response.setHeader("Access-Control-Allow-Origin", "*");
        response.sendError(HttpServletResponse.SC_SERVICE_UNAVAILABLE);
    }

    @GetMapping("/numbers/{number}")
    int numbers(@PathVariable("number") int number) {
        return number;
    }

    /** What an author may have put there before. */
    @CrossOrigin(origins = "https://other.example", exposedHeaders = "X-Own", allowCredentials = "true")
    @GetMapping("/own")
    String own() {
        return "own";
    }

    @GetMapping("/reset")
    void reset(HttpServletResponse response) throws IOException {
        response.addHeader("Vary", "Accept");
        response.reset();
        response.addHeader("Vary", "Accept-Encoding");
        response.addHeader("Vary", "Accept-Language, Origin");
        response.setHeader("access-control-allow-origin", "*");
        response.getWriter().write("reset");
    }

    @GetMapping("/later")
    Callable<String> later() {
        return () -> "later";
    }

    @GetMapping("/broken-later")
    Callable<String> brokenLater() {
        return () -> {
            throw new IllegalStateException("this is not for pages");
        };
    }

    /** As a servlet does it, without a word about the response, and without a flush. */
    @GetMapping("/sse/plain")
    void plain(HttpServletRequest request) {
        AsyncContext context = request.startAsync();
        context.start(() -> {
            HttpServletResponse response = (HttpServletResponse) context.getResponse();
            response.setHeader("Access-Control-Allow-Origin", "*");
            response.setContentType("text/plain;charset=UTF-8");
            try {
                response.getWriter().write("pl\u00e9in");
            } catch (IOException error) {
                throw new IllegalStateException(error);
            }
            context.complete();
        });
    }

    @GetMapping("/events")
    SseEmitter events() {
        return emitter("1", "2");
    }

    @GetMapping("/sse")
    SseEmitter sse() {
        SseEmitter emitter = new SseEmitter();
        CompletableFuture.runAsync(() -> {
            try {
                emitter.send(SseEmitter.event().comment("hello"));
                emitter.send(SseEmitter.event().name("endpoint").data("/messages?sessionId=server-1"));
                emitter.send(SseEmitter.event().name("message").data("/messages?sessionId=server-1"));
                emitter.complete();
            } catch (IOException error) {
                emitter.completeWithError(error);
            }
        });
        return emitter;
    }

    @GetMapping("/breaks-off")
    SseEmitter breaksOff() {
        SseEmitter emitter = new SseEmitter();
        CompletableFuture.runAsync(() -> {
            try {
                emitter.send("1");
                emitter.completeWithError(new IllegalStateException("this is not for pages"));
            } catch (IOException error) {
                emitter.completeWithError(error);
            }
        });
        return emitter;
    }

    @PostMapping("/messages")
    Map<String, String> messages(@RequestParam("sessionId") String sessionId, HttpServletRequest request) {
        return Map.of("session", sessionId, "query", request.getQueryString());
    }

    @PostMapping("/mcp")
    ResponseEntity<Map<String, String>> mcp(
            @RequestHeader(name = "Mcp-Session-Id", required = false, defaultValue = "none") String sessionId) {
        return ResponseEntity.ok().header("Mcp-Session-Id", "server-1").body(Map.of("session", sessionId));
    }

    private static SseEmitter emitter(String... events) {
        SseEmitter emitter = new SseEmitter();
        CompletableFuture.runAsync(() -> {
            try {
                for (String event : events) {
                    emitter.send(event);
                }
                emitter.complete();
            } catch (IOException error) {
                emitter.completeWithError(error);
            }
        });
        return emitter;
    }
}
