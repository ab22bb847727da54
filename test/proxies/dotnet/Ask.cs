// Asks rendered middleware: JSON of cases on standard input, each with the number of a middleware and what it is asked.
// The rendered files are compiled with this one, number N in the namespace PN. The questions are those of
// test/proxies/decisions.ts.

using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Reflection;
using System.Text;

public static class Ask
{
    private const BindingFlags Any =
        BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    public static void Main()
    {
        string input = new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(false)).ReadToEnd();
        int at = 0;
        List<object> answers = new List<object>();
        foreach (object question in (List<object>)Read(input, ref at))
        {
            answers.Add(Answer((List<object>)question));
        }
        StringBuilder output = new StringBuilder();
        Write(output, answers);
        Console.WriteLine(output.ToString());
    }

    private static object Answer(List<object> question)
    {
        string prefix = "P" + question[0] + ".McpCorsMiddleware";
        Type type = Type.GetType(prefix, true);
        object given = question.Count > 2 ? question[2] : null;
        Func<string, string> change = id => "<" + id + ">";
        switch ((string)question[1])
        {
            case "decide":
                return DecisionOf(Call(type, "Decide", HeadOf(prefix, given)));
            case "owner":
                return Call(type, "SessionOwner", HeadOf(prefix, given));
            case "seal":
            case "open":
                string name = (string)question[1] == "seal" ? "Seal" : "Open";
                object keys = Call(type, "KeysOf", new object[] { Texts(given) });
                return Call(type, name, keys, question[3], question[4]);
            case "data":
                return DataOf(type);
            case "parameter":
                return Call(type, "ChangeSessionParameter", given, change);
            case "event":
                return Events(Type.GetType(prefix + "+EndpointEvent", true), (List<object>)given, change);
            default:
                throw new ArgumentException((string)question[1]);
        }
    }

    private static object Call(Type type, string name, params object[] args)
    {
        return type.GetMethod(name, Any).Invoke(null, args);
    }

    private static string[] Texts(object list)
    {
        return ((List<object>)list).ConvertAll(one => (string)one).ToArray();
    }

    /// <summary>A head from the fields of an object, whose names have underscores.</summary>
    private static object HeadOf(string prefix, object given)
    {
        Type type = Type.GetType(prefix + "+Head", true);
        object head = Activator.CreateInstance(type);
        foreach (KeyValuePair<string, object> field in (Dictionary<string, object>)given)
        {
            string name = field.Key.Replace("_", "");
            type.GetField(name, Any | BindingFlags.IgnoreCase).SetValue(head, field.Value);
        }
        return head;
    }

    private static object DecisionOf(object decision)
    {
        Dictionary<string, object> fields = new Dictionary<string, object>();
        foreach (FieldInfo field in decision.GetType().GetFields(Any))
        {
            fields[field.Name.ToLowerInvariant()] = field.GetValue(decision);
        }
        List<object> headers = new List<object>();
        foreach (KeyValuePair<string, string> header in (List<KeyValuePair<string, string>>)fields["headers"])
        {
            headers.Add(new List<object> { header.Key.ToLowerInvariant(), header.Value });
        }
        fields["headers"] = headers;
        fields["status"] = (int)fields["status"] == 0 ? null : fields["status"];
        return fields;
    }

    /// <summary>The texts in the fields of a middleware, and how many members it has.</summary>
    private static object DataOf(Type type)
    {
        Dictionary<string, object> data = new Dictionary<string, object>();
        foreach (FieldInfo field in type.GetFields(Any))
        {
            object value = field.IsStatic ? field.GetValue(null) : null;
            IEnumerable<string> texts = value as IEnumerable<string>;
            string text = value as string;
            if (texts != null || text != null)
            {
                data[field.Name] = Listed(texts ?? new string[] { text });
            }
        }
        foreach (DictionaryEntry kind in (IDictionary)type.GetField("Kinds", Any).GetValue(null))
        {
            foreach (string name in new string[] { "Methods", "HeaderNames", "HeaderPrefixes" })
            {
                object value = kind.Value.GetType().GetField(name).GetValue(kind.Value);
                data["Kinds." + kind.Key + "." + name] = Listed((IEnumerable<string>)value);
            }
        }
        data["members"] = new List<object> { type.GetMembers(Any).Length };
        return data;
    }

    private static List<object> Listed(IEnumerable<string> texts)
    {
        return new List<object>(new List<string>(texts).ConvertAll(one => (object)one));
    }

    private static object Events(Type type, List<object> parts, Func<string, string> change)
    {
        object events = Activator.CreateInstance(type, change);
        List<object> all = new List<object>();
        foreach (object part in parts)
        {
            byte[] bytes = ((List<object>)part).ConvertAll(one => (byte)(int)one).ToArray();
            all.Add(Numbers((byte[])type.GetMethod("Push").Invoke(events, new object[] { bytes })));
        }
        all.Add(Numbers((byte[])type.GetMethod("Flush").Invoke(events, null)));
        return all;
    }

    private static object Numbers(byte[] bytes)
    {
        return new List<byte>(bytes).ConvertAll(one => (object)(int)one);
    }

    /// <summary>JSON as JSON.stringify writes it: without white space, with whole numbers.</summary>
    private static object Read(string text, ref int at)
    {
        char first = text[at];
        if (first == '[')
        {
            List<object> list = new List<object>();
            for (at++; text[at] != ']'; at += text[at] == ',' ? 1 : 0)
            {
                list.Add(Read(text, ref at));
            }
            at++;
            return list;
        }
        if (first == '{')
        {
            Dictionary<string, object> fields = new Dictionary<string, object>();
            for (at++; text[at] != '}'; at += text[at] == ',' ? 1 : 0)
            {
                string name = (string)Read(text, ref at);
                at++;
                fields[name] = Read(text, ref at);
            }
            at++;
            return fields;
        }
        if (first == '"')
        {
            return ReadText(text, ref at);
        }
        int start = at;
        while (at < text.Length && ",]}\n".IndexOf(text[at]) < 0)
        {
            at++;
        }
        string word = text.Substring(start, at - start);
        return word == "null" ? null : word == "true" || word == "false" ? word == "true"
            : (object)int.Parse(word, CultureInfo.InvariantCulture);
    }

    private static string ReadText(string text, ref int at)
    {
        StringBuilder read = new StringBuilder();
        for (at++; text[at] != '"'; at++)
        {
            if (text[at] != '\\')
            {
                read.Append(text[at]);
                continue;
            }
            at++;
            int plain = "\"\\/bfnrt".IndexOf(text[at]);
            if (plain >= 0)
            {
                read.Append("\"\\/\b\f\n\r\t"[plain]);
            }
            else
            {
                read.Append((char)Convert.ToInt32(text.Substring(at + 1, 4), 16));
                at += 4;
            }
        }
        at++;
        return read.ToString();
    }

    private static void Write(StringBuilder output, object value)
    {
        Dictionary<string, object> fields = value as Dictionary<string, object>;
        List<object> list = value as List<object>;
        string text = value as string;
        if (fields != null)
        {
            string separator = "{";
            foreach (KeyValuePair<string, object> field in fields)
            {
                output.Append(separator);
                Write(output, field.Key);
                output.Append(':');
                Write(output, field.Value);
                separator = ",";
            }
            output.Append('}');
        }
        else if (list != null)
        {
            output.Append('[');
            for (int i = 0; i < list.Count; i++)
            {
                output.Append(i == 0 ? "" : ",");
                Write(output, list[i]);
            }
            output.Append(']');
        }
        else if (text != null)
        {
            output.Append('"');
            foreach (char one in text)
            {
                bool plain = one >= ' ' && one <= '~' && one != '"' && one != '\\';
                output.Append(plain ? one.ToString() : "\\u" + ((int)one).ToString("x4", CultureInfo.InvariantCulture));
            }
            output.Append('"');
        }
        else
        {
            output.Append(value == null ? "null" : value.ToString().ToLowerInvariant());
        }
    }
}
