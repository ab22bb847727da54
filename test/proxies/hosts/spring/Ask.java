package host;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * Asks rendered filters: JSON of cases on standard input, each with the number of a filter and what it is asked.
 *
 *     java -cp CLASSES:JARS host.Ask FOLDER
 *
 * The classes of filter N are in the folder pN. The questions are those of test/proxies/decisions.ts.
 */
public class Ask {

    private static final Map<Integer, ClassLoader> LOADERS = new HashMap<>();

    public static void main(String[] args) throws Exception {
        ObjectMapper mapper = new ObjectMapper();
        List<Object> answers = new ArrayList<>();
        for (JsonNode question : mapper.readTree(System.in)) {
            answers.add(answer(args[0], question));
        }
        mapper.writeValue(System.out, answers);
    }

    private static Object answer(String folder, JsonNode question) throws IOException, ReflectiveOperationException {
        int number = question.get(0).asInt();
        Class<?> filter = load(folder, number, "");
        JsonNode given = question.get(2);
        UnaryOperator<String> change = id -> "<" + id + ">";
        switch (question.get(1).asText()) {
            case "decide":
                return decision(call(filter, "decide", head(load(folder, number, "$Head"), given)));
            case "owner":
                return call(filter, "sessionOwner", head(load(folder, number, "$Head"), given));
            case "seal":
            case "open":
                Object keys = call(filter, "keysOf", texts(given));
                return call(filter, question.get(1).asText(), keys, question.get(3).asText(), question.get(4).asText());
            case "parameter":
                return call(filter, "changeSessionParameter", given.asText(), change);
            case "event":
                return events(load(folder, number, "$EndpointEvent"), given, change);
            default:
                throw new IllegalArgumentException(question.toString());
        }
    }

    private static Class<?> load(String folder, int number, String nested) throws IOException, ClassNotFoundException {
        URL[] classes = {new File(folder, "p" + number).toURI().toURL()};
        return LOADERS.computeIfAbsent(number, one -> new URLClassLoader(classes, Ask.class.getClassLoader()))
                .loadClass("mcpcors.McpCorsFilter" + nested);
    }

    private static Object call(Class<?> type, String name, Object... args) throws ReflectiveOperationException {
        Method method = Arrays.stream(type.getDeclaredMethods())
                .filter(one -> one.getName().equals(name) && one.getParameterCount() == args.length)
                .findFirst().orElseThrow(() -> new NoSuchMethodException(name));
        method.setAccessible(true);
        return method.invoke(null, args);
    }

    private static List<String> texts(JsonNode nodes) {
        List<String> texts = new ArrayList<>();
        nodes.forEach(node -> texts.add(node.asText()));
        return texts;
    }

    /** A record from the fields of an object, whose names have underscores. */
    private static Object head(Class<?> type, JsonNode given) throws ReflectiveOperationException {
        List<Object> values = new ArrayList<>();
        for (RecordComponent component : type.getRecordComponents()) {
            String name = component.getName().replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
            JsonNode value = given.get(name);
            values.add(value.isBoolean() ? (Object) value.asBoolean() : value.isNull() ? null : value.asText());
        }
        var constructor = type.getDeclaredConstructors()[0];
        constructor.setAccessible(true);
        return constructor.newInstance(values.toArray());
    }

    private static Map<String, Object> decision(Object decision) throws ReflectiveOperationException {
        Map<String, Object> fields = new LinkedHashMap<>();
        for (RecordComponent component : decision.getClass().getRecordComponents()) {
            component.getAccessor().setAccessible(true);
            fields.put(component.getName(), component.getAccessor().invoke(decision));
        }
        List<List<String>> headers = new ArrayList<>();
        ((Map<?, ?>) fields.get("headers")).forEach((name, value) ->
                headers.add(List.of(name.toString().toLowerCase(Locale.ROOT), value.toString())));
        fields.put("headers", headers);
        fields.computeIfPresent("status", (name, status) -> status.equals(0) ? null : status);
        fields.putIfAbsent("status", null);
        return fields;
    }

    private static List<Object> events(Class<?> type, JsonNode parts, UnaryOperator<String> change)
            throws ReflectiveOperationException {
        var constructor = type.getDeclaredConstructor(UnaryOperator.class);
        constructor.setAccessible(true);
        Object event = constructor.newInstance(change);
        Method push = type.getDeclaredMethod("push", byte[].class);
        Method flush = type.getDeclaredMethod("flush");
        push.setAccessible(true);
        flush.setAccessible(true);
        List<Object> all = new ArrayList<>();
        for (JsonNode part : parts) {
            byte[] bytes = new byte[part.size()];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) part.get(i).asInt();
            }
            all.add(numbers((byte[]) push.invoke(event, bytes)));
        }
        all.add(numbers((byte[]) flush.invoke(event)));
        return all;
    }

    private static List<Integer> numbers(byte[] bytes) throws InvocationTargetException {
        List<Integer> numbers = new ArrayList<>();
        for (byte one : bytes) {
            numbers.add(one & 0xff);
        }
        return numbers;
    }
}
