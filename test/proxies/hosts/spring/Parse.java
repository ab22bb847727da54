import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.LiteralTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreeScanner;
import java.io.File;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * Reads Java sources as its compiler does, which needs no Spring, and prints JSON: for each file the texts in its fields
 * up to TOKEN, by the names of the fields and of nested classes, and everything from TOKEN on.
 *
 *     java Parse.java FILE...
 */
public class Parse {

    public static void main(String[] args) throws Exception {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> problems = new DiagnosticCollector<>();
        StandardJavaFileManager files = compiler.getStandardFileManager(problems, null, StandardCharsets.US_ASCII);
        List<File> sources = Arrays.stream(args).map(File::new).toList();
        JavacTask task = (JavacTask) compiler.getTask(null, files, problems, List.of("-Xlint:all", "-proc:none"), null,
                files.getJavaFileObjectsFromFiles(sources));
        Iterable<? extends CompilationUnitTree> units = task.parse();
        for (Diagnostic<?> problem : problems.getDiagnostics()) {
            throw new IllegalArgumentException(problem.toString());
        }
        StringBuilder output = new StringBuilder("[");
        for (CompilationUnitTree unit : units) {
            output.append(output.length() == 1 ? "" : ",").append(read(unit));
        }
        new PrintStream(System.out, true, StandardCharsets.UTF_8).println(output.append("]"));
    }

    private static String read(CompilationUnitTree unit) {
        StringBuilder data = new StringBuilder();
        StringBuilder code = new StringBuilder(unit.getImports().toString());
        boolean isCode = false;
        for (Tree type : unit.getTypeDecls()) {
            ClassTree outer = (ClassTree) type;
            code.append(outer.getModifiers()).append(outer.getSimpleName()).append(outer.getExtendsClause());
            for (Tree member : outer.getMembers()) {
                isCode |= member instanceof VariableTree field && field.getName().contentEquals("TOKEN");
                if (isCode) {
                    code.append(member);
                } else if (member instanceof VariableTree field) {
                    append(data, field.getName().toString(), field.getInitializer());
                } else {
                    append(data, ((ClassTree) member).getSimpleName().toString(), member);
                }
            }
        }
        return "{\"data\":{" + data + "},\"code\":" + quoted(code.toString()) + "}";
    }

    private static void append(StringBuilder data, String name, Tree tree) {
        List<String> texts = new ArrayList<>();
        tree.accept(new TreeScanner<Void, Void>() {
            @Override
            public Void visitLiteral(LiteralTree literal, Void none) {
                if (literal.getValue() instanceof String text) {
                    texts.add(quoted(text));
                }
                return null;
            }
        }, null);
        data.append(data.length() == 0 ? "" : ",").append(quoted(name)).append(":[")
                .append(String.join(",", texts)).append("]");
    }

    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (char one : text.toCharArray()) {
            boolean plain = one >= ' ' && one <= '~' && one != '"' && one != '\\';
            quoted.append(plain ? String.valueOf(one) : String.format("\\u%04x", (int) one));
        }
        return quoted.append('"').toString();
    }
}
