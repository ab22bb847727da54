package host;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import javax.tools.ToolProvider;
import org.apache.catalina.connector.Connector;
import org.apache.tomcat.util.buf.EncodedSolidusHandling;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.web.embedded.tomcat.TomcatConnectorCustomizer;
import org.springframework.boot.web.embedded.tomcat.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.boot.web.servlet.ServletRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

/**
 * Serves rendered filters in one Spring Boot application on Tomcat, with a port for each:
 *
 *     java -cp CLASSES:JARS Host compile SITES.json
 *     java -cp CLASSES:JARS Host serve SITES.json
 *
 * Each site has: port; file, what was rendered; upstream, the port of the server behind it; secrets of sessions. Behind
 * the filters stands a servlet that hands everything on, so that they are shown what a proxy is shown.
 */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
public class Host {

    /** By their ports, in their order. */
    private static final Map<Integer, Site> SITES = new LinkedHashMap<>();

    private record Site(int port, int upstream, Filter filter) {
    }

    public static void main(String[] args) throws Exception {
        JsonNode sites = new ObjectMapper().readTree(new File(args[1]));
        if (args[0].equals("compile")) {
            IntStream.range(0, sites.size()).parallel().forEach(i -> compile(sites.get(i)));
            return;
        }
        for (JsonNode site : sites) {
            SITES.put(site.get("port").asInt(), load(site));
        }
        SpringApplication application = new SpringApplication(Host.class);
        application.setDefaultProperties(Map.of(
                "server.address", "127.0.0.1",
                "server.port", String.valueOf(SITES.keySet().iterator().next()),
                "server.tomcat.threads.min-spare", "1",
                "spring.main.banner-mode", "off",
                "spring.jmx.enabled", "false",
                "logging.level.root", "WARN",
                "logging.level.mcpcors", "INFO"));
        application.run();
    }

    /** Compiles a rendered file, with every warning. */
    private static void compile(JsonNode site) {
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        int status = ToolProvider.getSystemJavaCompiler().run(null, output, output, "-Xlint:all", "-Xlint:-classfile",
                "-Werror", "-proc:none", "-cp", System.getProperty("java.class.path"),
                "-d", new File(site.get("file").asText()).getParent(), site.get("file").asText());
        if (status != 0) {
            throw new IllegalStateException(output.toString(StandardCharsets.UTF_8));
        }
    }

    private static Site load(JsonNode site) throws IOException, ReflectiveOperationException {
        List<String> secrets = new ArrayList<>();
        site.get("secrets").forEach(secret -> secrets.add(secret.asText()));
        URL[] classes = {new File(site.get("file").asText()).getParentFile().toURI().toURL()};
        Class<?> type = new URLClassLoader(classes, Host.class.getClassLoader()).loadClass("mcpcors.McpCorsFilter");
        Filter filter = (Filter) type.getConstructor(List.class).newInstance(secrets);
        return new Site(site.get("port").asInt(), site.get("upstream").asInt(), filter);
    }

    @Bean
    @Order(1)
    WebServerFactoryCustomizer<TomcatServletWebServerFactory> ports() {
        return factory -> factory.addAdditionalTomcatConnectors(SITES.values().stream().skip(1).map(site -> {
            Connector connector = new Connector();
            connector.setPort(site.port);
            connector.setProperty("address", "127.0.0.1");
            connector.setProperty("minSpareThreads", "1");
            return connector;
        }).toArray(Connector[]::new));
    }

    /** What Tomcat refuses by itself unless it is told otherwise comes as far as the filters here. */
    @Bean
    @Order(2)
    WebServerFactoryCustomizer<TomcatServletWebServerFactory> lenience() {
        return factory -> {
            TomcatConnectorCustomizer lenient = connector -> {
                connector.setProperty("maxHttpRequestHeaderSize", "65536");
                connector.setProperty("relaxedPathChars", RELAXED);
                connector.setProperty("relaxedQueryChars", RELAXED);
                connector.setEncodedSolidusHandling(EncodedSolidusHandling.PASS_THROUGH.getValue());
            };
            factory.addConnectorCustomizers(lenient);
            factory.getAdditionalTomcatConnectors().forEach(lenient::customize);
        };
    }

    private static final String RELAXED = "\"<>[\\]^`{|}";

    /** As Spring Boot registers the rendered filter itself, but each for its own port. */
    @Bean
    FilterRegistrationBean<Filter> guards() {
        FilterRegistrationBean<Filter> bean = new FilterRegistrationBean<>((request, response, chain) ->
                SITES.get(request.getLocalPort()).filter.doFilter(request, response, chain));
        bean.setOrder(Ordered.HIGHEST_PRECEDENCE);
        bean.setDispatcherTypes(EnumSet.allOf(DispatcherType.class));
        return bean;
    }

    /** Not Spring MVC, which answers OPTIONS by itself. */
    @Bean
    ServletRegistrationBean<Forward> forward() {
        return new ServletRegistrationBean<>(new Forward(), "/*");
    }

    /** Hands every request on to the server behind the site, and its response back, byte by byte as it comes. */
    static class Forward extends HttpServlet {

        private static final long serialVersionUID = 1;

        /** What belongs to one connection (RFC 9110 section 7.6.1), and what a gateway answers for. */
        private static final Set<String> NOT_ON = Set.of("connection", "keep-alive", "transfer-encoding", "upgrade",
                "origin", "access-control-request-method", "access-control-request-headers");

        @Override
        protected void service(HttpServletRequest request, HttpServletResponse response) throws IOException {
            if (request.getDispatcherType() == DispatcherType.ERROR) {
                response.setContentType("application/json");
                response.getWriter().write("{\"error\":\"the server is not there\"}");
                return;
            }
            int status = 0;
            try (Socket socket = new Socket("127.0.0.1", SITES.get(request.getLocalPort()).upstream)) {
                send(request, socket.getOutputStream());
                InputStream input = new BufferedInputStream(socket.getInputStream());
                status = Integer.parseInt(line(input).split(" ")[1]);
                boolean chunked = false;
                response.setStatus(status);
                for (String line = line(input); !line.isEmpty(); line = line(input)) {
                    String name = line.substring(0, line.indexOf(':'));
                    String value = line.substring(line.indexOf(':') + 1).strip();
                    chunked |= name.equalsIgnoreCase("transfer-encoding") && value.equals("chunked");
                    if (!NOT_ON.contains(name.toLowerCase(Locale.ROOT))) {
                        response.addHeader(name, value);
                    }
                }
                boolean without = request.getMethod().equals("HEAD") || status == 204 || status == 304;
                if (!without) {
                    response.flushBuffer();
                    copy(input, chunked, response.getOutputStream());
                }
            } catch (IOException error) {
                if (status != 0) {
                    throw error;
                }
                response.sendError(HttpServletResponse.SC_BAD_GATEWAY);
            }
        }

        private static void send(HttpServletRequest request, OutputStream output) throws IOException {
            String query = request.getQueryString();
            StringBuilder head = new StringBuilder(request.getMethod() + " " + request.getRequestURI()
                    + (query == null ? "" : "?" + query) + " HTTP/1.1\r\nconnection: close\r\n");
            for (String name : Collections.list(request.getHeaderNames())) {
                String lower = name.toLowerCase(Locale.ROOT);
                if (!NOT_ON.contains(lower) && !lower.startsWith("sec-fetch-") && !lower.equals("content-length")) {
                    Collections.list(request.getHeaders(name))
                            .forEach(value -> head.append(name).append(": ").append(value).append("\r\n"));
                }
            }
            if (request.getHeader("host") == null) {
                head.append("host: 127.0.0.1\r\n");
            }
            byte[] body = request.getInputStream().readAllBytes();
            head.append("content-length: ").append(body.length).append("\r\n\r\n");
            output.write(head.toString().getBytes(StandardCharsets.ISO_8859_1));
            output.write(body);
            output.flush();
        }

        private static void copy(InputStream input, boolean chunked, OutputStream output) throws IOException {
            byte[] bytes = new byte[65_536];
            if (!chunked) {
                for (int length = input.read(bytes); length >= 0; length = input.read(bytes)) {
                    output.write(bytes, 0, length);
                    output.flush();
                }
                return;
            }
            for (int size = Integer.parseInt(line(input), 16); size > 0; size = Integer.parseInt(line(input), 16)) {
                output.write(input.readNBytes(size));
                output.flush();
                line(input);
            }
        }

        private static String line(InputStream input) throws IOException {
            ByteArrayOutputStream line = new ByteArrayOutputStream();
            for (int one = input.read(); one != '\n'; one = input.read()) {
                if (one < 0) {
                    throw new EOFException("the server broke off");
                }
                line.write(one);
            }
            String text = line.toString(StandardCharsets.ISO_8859_1);
            return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
        }
    }
}
